// SPDX-License-Identifier: Apache-2.0
#include "drivers/confine/computing_only.h"

#include "drivers/api/errors.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

namespace drivers::confine {

namespace {

// What libstdc++, glibc's allocator and threads, event loops and the sanitizers need. Whatever is
// not here is refused; a name that this machine's kernel does not know is passed over.
constexpr std::array computing{
    "read",
    "readv",
    "pread64",
    "preadv",
    "write",
    "writev",
    "pwrite64",
    "pwritev",
    "close",
    "lseek",
    "fstat",
    "fdatasync",
    "fsync",
    "ftruncate",
    "fallocate",
    "dup",
    "dup3",
    "recvfrom",
    "recvmsg",
    "recvmmsg",
    "sendto",
    "sendmsg",
    "sendmmsg",
    "shutdown",
    "getsockname",
    "getpeername",
    "getsockopt",
    "setsockopt",
    "poll",
    "ppoll",
    "select",
    "pselect6",
    "epoll_create1",
    "epoll_ctl",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "eventfd2",
    "timerfd_create",
    "timerfd_settime",
    "timerfd_gettime",
    "pipe2",
    "futex",
    "munmap",
    "mremap",
    "madvise",
    "brk",
    "mincore",
    "clock_gettime",
    "clock_getres",
    "clock_nanosleep",
    "nanosleep",
    "gettimeofday",
    "time",
    "getpid",
    "gettid",
    "getppid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getrandom",
    "getrusage",
    "getcpu",
    "sysinfo",
    "uname",
    "sched_yield",
    "sched_getaffinity",
    "sched_setscheduler",
    "sched_getscheduler",
    "sched_getparam",
    "getpriority",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigtimedwait",
    "sigaltstack",
    "restart_syscall",
    "tgkill",
    "exit",
    "exit_group",
    "set_robust_list",
    "get_robust_list",
    "rseq",
    "membarrier",
    "arch_prctl",
    "set_tid_address",
};
constexpr std::array serving{"accept", "accept4"};

struct Release {
    void operator()(void* filter) const noexcept { seccomp_release(filter); }
};

void check(int result) {
    if (result != 0) {
        throw HostError(std::string("confining a process: ") + std::strerror(-result));
    }
}

void allow(scmp_filter_ctx filter, const char* name) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number != __NR_SCMP_ERROR && number >= 0) {
        check(seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0));
    }
}

void allow_when(scmp_filter_ctx filter, int call, scmp_arg_cmp condition) {
    check(seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &condition));
}

// Calls that are harmless only with some arguments.
void allow_some(scmp_filter_ctx filter) {
    // Memory, but none that is executable; descriptors' flags; no new process: a thread shares all.
    allow_when(filter, SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    allow_when(filter, SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    constexpr std::uint64_t clone_thread = 0x00010000; // CLONE_THREAD
    allow_when(filter, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, clone_thread, clone_thread));
    // glibc takes the older call only where there is no such call at all.
    const int clone3 = seccomp_syscall_resolve_name("clone3");
    if (clone3 != __NR_SCMP_ERROR) {
        check(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), clone3, 0));
    }
    allow_when(filter, SCMP_SYS(prlimit64), SCMP_A0(SCMP_CMP_EQ, 0)); // Of this process.
    for (const int command : {1, 2, 3, 4, 1030}) { // F_GETFD .. F_SETFL, F_DUPFD_CLOEXEC
        allow_when(
            filter, SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_EQ, static_cast<std::uint64_t>(command)));
    }
    // Asio's way to a non-blocking socket, and how many bytes wait in one.
    for (const std::uint64_t request : {0x5421UL, 0x541bUL}) { // FIONBIO, FIONREAD
        allow_when(filter, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, request));
    }
}

} // namespace

bool confine(Confinement what) {
    if (::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0 && errno == EINVAL) {
        return false;
    }
    const std::unique_ptr<void, Release> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
    if (!filter) {
        return false;
    }
    for (const char* name : computing) {
        allow(filter.get(), name);
    }
    if (what == Confinement::serving) {
        for (const char* name : serving) {
            allow(filter.get(), name);
        }
    }
    allow_some(filter.get());
    const int loaded = seccomp_load(filter.get());
    if (loaded == -EINVAL || loaded == -ENOSYS) {
        return false;
    }
    check(loaded);
    return true;
}

} // namespace drivers::confine
