/* Mappings.  The argument stands in mappings.h. */
#include "observe/mappings.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

#include "sys/vm.h"

/* The beginning of a file has its headers, and nearly always its notes. */
enum { BUFFER_BYTES = 1 << 16, BEGINNING_BYTES = 4096 };

/* What is read of the kernel's list at a time. */
struct reader {
    int file;
    char *buffer;
    size_t filled;
};

/* The file whose beginning was seen last. */
struct file {
    char *beginning; /* room for it */
    char path[256];
    size_t length;
    unsigned char id[EP__BUILD_ID_BYTES];
    size_t id_length;
};

/* Returns 0 or an errno. */
static int open_reader(struct reader *reader)
{
    *reader = (struct reader){.file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)};
    if (reader->file < 0)
        return errno;
    reader->buffer = ep__vm_map(BUFFER_BYTES + BEGINNING_BYTES);
    if (reader->buffer != NULL)
        return 0;
    (void)close(reader->file);
    return ENOMEM;
}

static void close_reader(struct reader *reader)
{
    (void)close(reader->file);
    (void)ep__vm_unmap(reader->buffer, BUFFER_BYTES + BEGINNING_BYTES);
}

/* Fills the buffer up; false: the list is at its end. */
static bool fill(struct reader *reader)
{
    ssize_t got;
    do {
        got = read(reader->file, reader->buffer + reader->filled, BUFFER_BYTES - reader->filled);
    } while (got < 0 && errno == EINTR);
    if (got <= 0)
        return false;
    reader->filled += (size_t)got;
    return true;
}

int ep__mappings_copy(int (*sink)(void *to, const char *bytes, size_t length), void *to)
{
    int saved = errno;
    struct reader reader;
    int failure = open_reader(&reader);
    if (failure != 0)
        return failure;
    while (failure == 0 && fill(&reader)) {
        failure = sink(to, reader.buffer, reader.filled);
        reader.filled = 0;
    }
    close_reader(&reader);
    errno = saved;
    return failure;
}

/* A hexadecimal number, and what follows it skipped. */
static uint64_t take_number(const char **at)
{
    uint64_t number = 0;
    for (;; ++*at) {
        char digit = **at;
        if (digit >= '0' && digit <= '9')
            number = number << 4 | (uint64_t)(digit - '0');
        else if (digit >= 'a' && digit <= 'f')
            number = number << 4 | (uint64_t)(digit - 'a' + 10);
        else
            break;
    }
    ++*at;
    return number;
}

/* "first-limit rwxp offset device inode   path" */
static void parse(const char *line, const char *end, struct mapping *mapping)
{
    *mapping = (struct mapping){.first = (uintptr_t)take_number(&line)};
    mapping->limit = (uintptr_t)take_number(&line);
    mapping->is_readable = line[0] == 'r';
    mapping->is_writable = line[1] == 'w';
    mapping->is_executable = line[2] == 'x';
    mapping->is_shared = line[3] == 's';
    line += 5;
    mapping->offset = take_number(&line);
    const char *path = memchr(line, '/', (size_t)(end - line));
    if (path == NULL)
        path = memchr(line, '[', (size_t)(end - line));
    mapping->path = path != NULL ? path : end;
    mapping->path_length = (size_t)(end - mapping->path);
}

/* Looks for the build id in a note segment that starts at `at`. */
static void read_notes(const char *at, size_t bytes, struct file *file)
{
    while (bytes >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        memcpy(&note, at, sizeof note);
        size_t name = (note.n_namesz + 3U) & ~(size_t)3;
        size_t whole = sizeof note + name + ((note.n_descsz + 3U) & ~(size_t)3);
        if (whole > bytes)
            return;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            memcmp(at + sizeof note, "GNU", 4) == 0 && note.n_descsz <= sizeof file->id) {
            memcpy(file->id, at + sizeof note + name, note.n_descsz);
            file->id_length = note.n_descsz;
            return;
        }
        at += whole;
        bytes -= whole;
    }
}

/* Notes the file whose beginning the mapping shows, and its build id if the notes are near.  What is mapped may be gone by
 * now, or may be what cannot be read: it is copied by the kernel. */
static void look_at_beginning(const struct mapping *mapping, struct file *file)
{
    const char *start = file->beginning;
    size_t bytes = BEGINNING_BYTES;
    ElfW(Ehdr) header;
    file->length = file->id_length = 0;
    if (mapping->path_length > sizeof file->path)
        return;
    file->length = mapping->path_length;
    memcpy(file->path, mapping->path, file->length);
    if (!ep__vm_read((const void *)mapping->first, file->beginning, bytes))
        return;
    memcpy(&header, start, sizeof header);
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_phoff > bytes ||
        header.e_phnum * sizeof(ElfW(Phdr)) > bytes - header.e_phoff)
        return;
    for (unsigned i = 0; i < header.e_phnum && file->id_length == 0; i++) {
        ElfW(Phdr) segment;
        memcpy(&segment, start + header.e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type == PT_NOTE && segment.p_offset < bytes &&
            segment.p_filesz <= bytes - segment.p_offset)
            read_notes(start + segment.p_offset, segment.p_filesz, file);
    }
}

static int visit_line(const char *line, const char *end, struct file *file,
                      int (*visit)(const struct mapping *mapping, void *argument), void *argument)
{
    struct mapping mapping;
    parse(line, end, &mapping);
    bool is_file = mapping.path_length != 0 && mapping.path[0] == '/';
    if (is_file && mapping.offset == 0 && mapping.is_readable)
        look_at_beginning(&mapping, file);
    if (is_file && file->length == mapping.path_length &&
        memcmp(file->path, mapping.path, file->length) == 0) {
        memcpy(mapping.build_id, file->id, sizeof file->id);
        mapping.build_id_length = file->id_length;
    }
    return visit(&mapping, argument);
}

int ep__mappings_each(int (*visit)(const struct mapping *mapping, void *argument), void *argument)
{
    int saved = errno;
    struct reader reader;
    struct file file = {.length = 0};
    int result = open_reader(&reader);
    if (result != 0)
        return result;
    file.beginning = reader.buffer + BUFFER_BYTES;
    while (result == 0 && fill(&reader)) {
        char *line = reader.buffer;
        char *end;
        while (result == 0 &&
               (end = memchr(line, '\n', (size_t)(reader.buffer + reader.filled - line))) != NULL) {
            result = visit_line(line, end, &file, visit, argument);
            line = end + 1;
        }
        reader.filled = (size_t)(reader.buffer + reader.filled - line);
        memmove(reader.buffer, line, reader.filled);
    }
    close_reader(&reader);
    errno = saved;
    return result;
}
