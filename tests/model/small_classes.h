/* The size classes of the explored scenarios. */
#ifndef TESTS_MODEL_SMALL_CLASSES_H
#define TESTS_MODEL_SMALL_CLASSES_H

enum {
    CLASS_PAIR,      /* 2 blocks; hinted from one free block on */
    CLASS_THREE,     /* 3 blocks; hinted from two free blocks on */
    CLASS_WIDE,      /* 4 blocks in 4 slots; hinted from one on */
    CLASS_SMALL,     /* 3 blocks small enough for batches; hinted from one on */
    CLASS_STRADDLING /* 3 blocks of one and a half pages; hinted from one on */
};

#endif
