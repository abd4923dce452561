"""The real programs of bench/main_job and of bench/compare --full."""

import os
import subprocess

from . import run
from .job import REAL, Job, failed, run_simple
from .servers import run_memcached, run_nginx, run_redis


def run_python(setting, allocator):
    command = ["/usr/bin/python3", os.path.join(REAL, "alloc_heavy.py"), str(setting.scale)]
    return run_simple(setting, allocator, command,
                      env={**os.environ, "PYTHONMALLOC": "malloc", "PYTHONHASHSEED": "0"})


def run_compiler(setting, allocator):
    out = os.path.join(setting.folder, "template_heavy.o")
    optimise = "-O1" if setting.scale >= 0.5 else "-fsyntax-only"
    return run_simple(setting, allocator,
                      ["g++", "-std=c++17", optimise, "-c", "-o", out,
                       os.path.join(REAL, "template_heavy.cpp")])


def run_message_server(setting, allocator):
    return run.measure_scenario(setting, allocator, "message_server", [])


SQL = """
create table item(id integer primary key, name text, kind integer, price real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < {rows})
insert into item select i, 'item-' || (i * 7919 % 100003), i % 97, i * 1.25 from n;
create index item_name on item(name);
create table kind as select kind, count(*) c, group_concat(name) names from item group by kind;
select count(*), sum(length(names)) from kind;
select count(*) from item a join item b on a.name = b.name and a.id <> b.id;
update item set name = upper(name) || '-' || id where id % 3 = 0;
select count(distinct name) from item;
delete from item where id % 2 = 0;
select json_group_array(json_object('id', id, 'name', name)) is not null from item;
"""


def run_sqlite(setting, allocator):
    script = os.path.join(setting.folder, "items.sql")
    with open(script, "w", encoding="utf-8") as out:
        out.write(SQL.format(rows=int(200000 * setting.scale)))
    return run_simple(setting, allocator, ["sqlite3", ":memory:", f".read {script}"])


PERL = r"""
my ($scale) = @ARGV; my %h; my $sum = 0;
for my $round (1 .. int(4 * $scale) || 1) {
    for my $i (1 .. 60000) {
        my $key = "key-" . ($i * 7919 % 50021);
        push @{ $h{$key}{list} }, { id => $i, text => "value $i of $round" };
        $h{$key}{count}++;
    }
    for my $key (sort keys %h) {
        $sum += length join ",", map { $_->{text} =~ s/value/v/r } @{ $h{$key}{list} };
        delete $h{$key} if $h{$key}{count} % 3 == 0;
    }
}
print "sum=$sum\n";
"""


def run_perl(setting, allocator):
    return run_simple(setting, allocator, ["perl", "-e", PERL, str(setting.scale)])


def import_stream(files, versions):
    """A repository for `git fast-import`: text files that change a little in each version."""
    parts = []
    for version in range(versions):
        parts.append(f"commit refs/heads/main\ncommitter A <a@b> {1700000000 + version} +0000\n"
                     f"data 1\nv\n")
        for number in range(files):
            lines = [f"line {i} of file {number}: {i * number % 1009}" for i in range(120)]
            lines[(version * 13 + number) % 120] = f"changed in version {version}"
            text = "\n".join(lines)
            parts.append(f"M 644 inline f{number % 40}/file{number}\ndata {len(text)}\n{text}\n")
    return "".join(parts)


REPACK = ["-c", "pack.threads=2", "repack", "-adfq", "--window=30"]


def make_repository(setting):
    repository = os.path.join(setting.folder, "repository.git")
    if not os.path.isdir(repository):
        subprocess.run(["git", "init", "-q", "--bare", repository], check=True)
        stream = import_stream(300, max(3, int(80 * setting.scale)))
        subprocess.run(["git", "-C", repository, "fast-import", "--quiet"], input=stream,
                       text=True, check=True)
        # Once before anything is measured: the first repack works on another pack than the rest.
        subprocess.run(["git", "-C", repository] + REPACK, check=True)
    return repository


def run_git(setting, allocator):
    try:
        repository = make_repository(setting)
    except subprocess.CalledProcessError as error:
        return failed("no repository", str(error))
    return run_simple(setting, allocator, ["git", "-C", repository] + REPACK)


JOBS = [
    Job("redis", "redis-server under redis-benchmark (time: the client's load)", run_redis,
        ["redis-server", "redis-benchmark"]),
    Job("memcached", "memcached under memcslap: connections come and go", run_memcached,
        ["memcached", "memcslap"]),
    Job("nginx", "nginx compresses a page for each request of h2load", run_nginx,
        ["nginx", "h2load"]),
    Job("python3", "python3, PYTHONMALLOC=malloc, objects, dicts, JSON", run_python,
        ["/usr/bin/python3"]),
    Job("c++", "g++ compiles templates and the standard library", run_compiler, ["g++"]),
    Job("messages", "bench/real/message_server: I/O threads and workers pass blocks on",
        run_message_server),
    Job("sqlite3", "an in-memory database is filled, indexed, joined, changed", run_sqlite,
        ["sqlite3"]),
    Job("git", "a repository is repacked with two threads", run_git, ["git"]),
    Job("perl", "hashes of lists of hashes, strings, sort", run_perl, ["perl"]),
]
