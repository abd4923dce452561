"""What the figures were taken on."""

import os
import platform
import subprocess


def first_line(path, start=""):
    """The first line of a file that begins with `start`, without it; "" when there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            for line in file:
                if line.startswith(start):
                    return line[len(start):].strip(" :\t\n")
    except OSError:
        pass
    return ""


def distribution():
    return first_line("/etc/os-release", "PRETTY_NAME=").strip('"')


def describe():
    return {
        "processor": first_line("/proc/cpuinfo", "model name") or "unknown processor",
        "cpus": os.cpu_count(),
        "memory_gib": round(int(first_line("/proc/meminfo", "MemTotal").split()[0]) / 2**20, 1),
        "kernel": platform.release(),
        "system": distribution(),
        "page_bytes": os.sysconf("SC_PAGE_SIZE"),
        "transparent_huge_pages": first_line("/sys/kernel/mm/transparent_hugepage/enabled"),
        "virtual": "hypervisor" in first_line("/proc/cpuinfo", "flags"),
        "load_at_start": round(os.getloadavg()[0], 2),
    }


def commit_of(folder):
    """The commit checked out in `folder`, with a + when files were changed since; "" if none."""
    try:
        done = subprocess.run(["git", "-C", folder, "describe", "--always", "--dirty=+"],
                              capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def sentence(machine):
    return (f"{machine['processor']}{' (virtual)' if machine['virtual'] else ''}, "
            f"{machine['cpus']} cpus, {machine['memory_gib']} GiB, {machine['system']}, "
            f"kernel {machine['kernel']}, transparent huge pages "
            f"{machine['transparent_huge_pages']}, load at start {machine['load_at_start']:.2f}")
