/* The extension module _epmalloc: what epmalloc/__init__.py makes a package of.
 *
 * It has one state for the process, because the process has one allocator.
 */
#include <Python.h>

#include <string.h>

#include "allocators.h"
#include "blocks.h"
#include "figures.h"
#include "library.h"
#include "maps.h"
#include "pymalloc.h"

static int find_domain(const char *name)
{
    for (int i = 0; i < EP__PYTHON_DOMAINS; i++)
        if (strcmp(name, ep__python_domain_names[i]) == 0)
            return i;
    PyErr_Format(PyExc_ValueError, "domain '%s' is none of raw, mem, obj", name);
    return -1;
}

static PyObject *install(PyObject *module, PyObject *name)
{
    (void)module;
    const char *text = PyUnicode_AsUTF8(name);
    int domain = text == NULL ? -1 : find_domain(text);
    if (domain < 0)
        return NULL;
    ep__python_install(domain);
    Py_RETURN_NONE;
}

static PyObject *installed(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    PyObject *names = PyList_New(0);
    for (int i = 0; names != NULL && i < EP__PYTHON_DOMAINS; i++) {
        PyObject *name = PyUnicode_FromString(ep__python_domain_names[i]);
        if (name == NULL || (ep__python_is_installed(i) && PyList_Append(names, name) != 0))
            Py_CLEAR(names);
        Py_XDECREF(name);
    }
    return names;
}

static PyObject *is_preloaded(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    return PyBool_FromLong(ep__library.is_preloaded);
}

static PyObject *owns(PyObject *module, PyObject *address)
{
    (void)module;
    void *p = PyLong_AsVoidPtr(address);
    return p == NULL && PyErr_Occurred() ? NULL : PyBool_FromLong(ep__library.owns(p));
}

static PyObject *options(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    char text[2048];
    size_t length = ep__library.options(text, sizeof text);
    return PyUnicode_FromStringAndSize(
        text, (Py_ssize_t)(length < sizeof text ? length : sizeof text - 1));
}

static PyObject *trim(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    size_t bytes;
    Py_BEGIN_ALLOW_THREADS ep__library.thread_idle();
    bytes = ep__library.purge();
    Py_END_ALLOW_THREADS return PyLong_FromSize_t(bytes);
}

static PyObject *thread_idle(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    ep__library.thread_idle();
    Py_RETURN_NONE;
}

static PyObject *end_writing(int result)
{
    if (result != 0)
        return PyErr_SetFromErrno(PyExc_OSError);
    Py_RETURN_NONE;
}

static PyObject *write_stats(PyObject *module, PyObject *arguments)
{
    (void)module;
    int fd, format, parts;
    if (!PyArg_ParseTuple(arguments, "iii", &fd, &format, &parts))
        return NULL;
    return end_writing(ep__library.stats_write(fd, (enum ep_stats_format)format, (unsigned)parts));
}

static PyObject *write_cpython(PyObject *module, PyObject *fd)
{
    (void)module;
    int number = PyObject_AsFileDescriptor(fd);
    return number < 0 ? NULL : end_writing(ep__library.stats_cpython(number));
}

static PyObject *start_trace(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    return end_writing(ep__library.trace_start(-1));
}

static PyObject *drain_trace(PyObject *module, PyObject *fd)
{
    (void)module;
    int number = PyObject_AsFileDescriptor(fd);
    return number < 0 ? NULL : end_writing(ep__library.trace_drain(number));
}

static PyObject *stop_trace(PyObject *module, PyObject *fd)
{
    (void)module;
    int number = PyObject_AsFileDescriptor(fd);
    return number < 0 ? NULL : end_writing(ep__library.trace_stop(number));
}

static PyObject *dropped_events(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    return PyLong_FromUnsignedLongLong(ep__library.trace_dropped());
}

static PyMethodDef methods[] = {
    {"install", install, METH_O,
     "install(domain): puts epmalloc in the place of a domain's allocator."},
    {"installed", installed, METH_NOARGS, "The domains whose blocks come from epmalloc."},
    {"is_preloaded", is_preloaded, METH_NOARGS, "Whether libepmalloc is the process's own."},
    {"owns", owns, METH_O, "owns(address): whether a block of epmalloc starts there (ep_owns())."},
    {"options", options, METH_NOARGS,
     "The options in effect, as EPMALLOC_CONF accepts them (ep_options())."},
    {"trim", trim, METH_NOARGS, "Gives free memory back to the system; returns how many bytes."},
    {"thread_idle", thread_idle, METH_NOARGS,
     "Gives up what the calling thread holds (ep_thread_idle())."},
    {"write_stats", write_stats, METH_VARARGS, "write_stats(fd, format, parts): ep_stats_write()."},
    {"write_cpython", write_cpython, METH_O, "write_cpython(fd): ep_stats_cpython()."},
    {"stats", ep__figures_stats, METH_NOARGS,
     "Where every byte is and what has happened (ep_stats())."},
    {"classes", ep__figures_classes, METH_NOARGS,
     "The size classes that have been used (ep_walk_classes())."},
    {"threads", ep__figures_threads, METH_NOARGS,
     "The threads with a control block (ep_walk_threads())."},
    {"arenas", ep__figures_arenas, METH_NOARGS, "Every arena in use (ep_walk_arenas())."},
    {"pools", ep__figures_pools, METH_NOARGS, "Every pool, run and huge block (ep_walk_pools())."},
    {"walk", ep__blocks_walk, METH_NOARGS,
     "An iterator over every block, free ones too (ep_walk_blocks())."},
    {"start_trace", start_trace, METH_NOARGS, "ep_trace_start(-1): events stay in memory."},
    {"drain_trace", drain_trace, METH_O, "drain_trace(fd): ep_trace_drain()."},
    {"stop_trace", stop_trace, METH_O, "stop_trace(fd): ep_trace_stop()."},
    {"dropped_events", dropped_events, METH_NOARGS,
     "How many events found no room (ep_trace_dropped())."},
    {"map", ep__map_own, METH_NOARGS, "A tuple for each pool, with a bit a block: see maps.h."},
    {"pymalloc_map", ep__pymalloc_map, METH_NOARGS, "The same of pymalloc's heap."},
    {"pymalloc_arenas", ep__pymalloc_arenas, METH_NOARGS,
     "(start, bytes) of each of pymalloc's arenas."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_epmalloc",
    .m_doc = "CPython on epmalloc: the package epmalloc's part in C.",
    .m_size = -1,
    .m_methods = methods,
};

PyMODINIT_FUNC PyInit__epmalloc(void);

PyMODINIT_FUNC PyInit__epmalloc(void)
{
    const char *why = ep__library_load();
    if (why != NULL) {
        PyErr_Format(PyExc_ImportError, "no libepmalloc: %s", why);
        return NULL;
    }
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL && (ep__figures_init(module) != 0 || ep__blocks_init(module) != 0))
        Py_CLEAR(module);
    return module;
}
