#include "sys/bits.h"
