/* Reads the tables of an ELF file of this machine's own width (places.h). */
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "freeze/places.h"

struct image {
    char path[256];
    const char *bytes; /* NULL: not to be read */
    size_t size;
};

/* Images stay mapped; a run meets a handful of libraries. */
static const struct image *open_image(const char *path)
{
    enum { IMAGES = 16 };
    static struct image images[IMAGES];
    static unsigned count;
    for (unsigned i = 0; i < count; i++)
        if (strcmp(images[i].path, path) == 0)
            return &images[i];
    if (count == IMAGES)
        return NULL;
    struct image *image = &images[count++];
    (void)snprintf(image->path, sizeof image->path, "%s", path);
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) != 0)
        return image;
    image->size = (size_t)status.st_size;
    void *bytes = mmap(NULL, image->size, PROT_READ, MAP_PRIVATE, file, 0);
    image->bytes = bytes == MAP_FAILED ? NULL : bytes;
    (void)close(file);
    return image;
}

static const ElfW(Ehdr) * header_of(const char *path, const struct image **image)
{
    *image = open_image(path);
    if (*image == NULL || (*image)->bytes == NULL || memcmp((*image)->bytes, ELFMAG, SELFMAG) != 0)
        return NULL;
    return (const ElfW(Ehdr) *)(const void *)(*image)->bytes;
}

/* A mapping may begin before its segment, by less than the largest page there is. */
bool freeze_symbols_segment(const char *path, uintptr_t file_offset, uintptr_t *address)
{
    const struct image *image;
    const ElfW(Ehdr) *header = header_of(path, &image);
    if (header == NULL)
        return false;
    const ElfW(Phdr) *segment = (const ElfW(Phdr) *)(const void *)(image->bytes + header->e_phoff);
    for (unsigned i = 0; i < header->e_phnum; i++, segment++) {
        if (segment->p_type != PT_LOAD || file_offset > segment->p_offset + segment->p_filesz ||
            file_offset + 0x10000 < segment->p_offset || (segment->p_flags & PF_X) == 0)
            continue;
        *address = file_offset + segment->p_vaddr - segment->p_offset;
        return true;
    }
    return false;
}

static const ElfW(Sym) *
    best_in(const struct image *image, const ElfW(Shdr) * section, uintptr_t address)
{
    const ElfW(Sym) *symbols = (const ElfW(Sym) *)(const void *)(image->bytes + section->sh_offset);
    const ElfW(Sym) *best = NULL;
    for (size_t i = 0; i < section->sh_size / sizeof *symbols; i++) {
        const ElfW(Sym) *symbol = &symbols[i];
        bool is_function =
            ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && symbol->st_shndx != SHN_UNDEF;
        if (is_function && symbol->st_value <= address &&
            address < symbol->st_value + symbol->st_size)
            best = symbol;
    }
    return best;
}

bool freeze_symbols_function(const char *path, uintptr_t address, char *name, size_t room,
                             uintptr_t *from)
{
    const struct image *image;
    const ElfW(Ehdr) *header = header_of(path, &image);
    if (header == NULL || header->e_shoff == 0)
        return false;
    const ElfW(Shdr) *sections = (const ElfW(Shdr) *)(const void *)(image->bytes + header->e_shoff);
    for (unsigned i = 0; i < header->e_shnum; i++) {
        if (sections[i].sh_type != SHT_SYMTAB && sections[i].sh_type != SHT_DYNSYM)
            continue;
        const ElfW(Sym) *symbol = best_in(image, &sections[i], address);
        if (symbol == NULL)
            continue;
        const char *strings = image->bytes + sections[sections[i].sh_link].sh_offset;
        (void)snprintf(name, room, "%s", strings + symbol->st_name);
        *from = symbol->st_value;
        return true;
    }
    return false;
}
