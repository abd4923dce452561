/* Control groups on Linux.  The contract stands in cgroup.h. */
#include "sys/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MOUNTED_AT "/sys/fs/cgroup"

/* Reads the beginning of a file as a string; false: there is none. */
static bool read_file(const char *name, char *out, size_t size)
{
    int saved = errno;
    int file = open(name, O_RDONLY | O_CLOEXEC);
    ssize_t count = file < 0 ? -1 : read(file, out, size - 1);
    if (file >= 0)
        (void)close(file);
    errno = saved;
    out[count > 0 ? count : 0] = '\0';
    return count >= 0;
}

static bool read_in(const char *folder, const char *name, char *out, size_t size)
{
    char path[EP__CGROUP_NAME_BYTES + 32];
    size_t length = strlen(folder);
    if (length + strlen(name) + 2 > sizeof path)
        return false;
    memcpy(path, folder, length);
    path[length] = '/';
    memcpy(path + length + 1, name, strlen(name) + 1);
    return read_file(path, out, size);
}

/* The number that a string begins with; UINT64_MAX where it does not begin with one, as in "max". */
static uint64_t number_of(const char *text)
{
    uint64_t number = 0;
    if (*text < '0' || *text > '9')
        return UINT64_MAX;
    for (; *text >= '0' && *text <= '9' && number < UINT64_MAX / 16; text++)
        number = number * 10 + (uint64_t)(*text - '0');
    return number;
}

static bool read_number(const char *folder, const char *name, uint64_t *number)
{
    char text[32];
    if (!read_in(folder, name, text, sizeof text))
        return false;
    *number = number_of(text);
    return true;
}

/* "some avg10=1.23 avg60=..." is 123. */
static uint32_t read_pressure(const char *folder)
{
    static const char before[] = "some avg10=";
    char text[128];
    if (!read_in(folder, "memory.pressure", text, sizeof text))
        return 0;
    const char *at = strstr(text, before);
    if (at == NULL)
        return 0;
    at += sizeof before - 1;
    uint64_t whole = number_of(at);
    const char *point = strchr(at, '.');
    uint64_t part = point == NULL || strlen(point) < 3 ? 0 : number_of(point + 1);
    return whole > 100 ? 0 : (uint32_t)(whole * 100 + (part < 100 ? part : 0));
}

static void lower(struct cgroup_memory *memory, uint64_t limit, uint64_t current)
{
    uint64_t room = limit > current ? limit - current : 0;
    if (limit != UINT64_MAX && room < memory->room_bytes) {
        memory->room_bytes = room;
        memory->limit_bytes = limit;
    }
}

/* One group's own limits; false: it is none. */
static bool read_group(const char *folder, struct cgroup_memory *memory)
{
    uint64_t current;
    uint64_t limit;
    if (!read_number(folder, "memory.current", &current))
        return false;
    if (read_number(folder, "memory.high", &limit))
        lower(memory, limit, current);
    if (read_number(folder, "memory.max", &limit))
        lower(memory, limit, current);
    return true;
}

bool ep__cgroup_read(const char *folder, struct cgroup_memory *memory)
{
    char path[EP__CGROUP_NAME_BYTES];
    size_t length = strlen(folder);
    *memory = (struct cgroup_memory){UINT64_MAX, UINT64_MAX, 0};
    if (length == 0 || length >= sizeof path)
        return false;
    memcpy(path, folder, length + 1);
    if (!read_group(path, memory))
        return false;
    memory->pressure_cent = read_pressure(path);
    for (char *slash; (slash = strrchr(path, '/')) != NULL && slash != path;) {
        *slash = '\0';
        if (!read_group(path, memory))
            break;
    }
    return true;
}

bool ep__cgroup_find_own(char *folder, size_t size)
{
    char text[EP__CGROUP_NAME_BYTES];
    if (!read_file("/proc/self/cgroup", text, sizeof text))
        return false;
    const char *line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
    const char *path = line == NULL ? NULL : strchr(line, '/');
    const char *end = path == NULL ? NULL : strchr(path, '\n');
    if (end == NULL || sizeof MOUNTED_AT + (size_t)(end - path) > size)
        return false;
    memcpy(folder, MOUNTED_AT, sizeof MOUNTED_AT - 1);
    memcpy(folder + sizeof MOUNTED_AT - 1, path, (size_t)(end - path));
    folder[sizeof MOUNTED_AT - 1 + (size_t)(end - path)] = '\0';
    return true;
}
