// SPDX-License-Identifier: Apache-2.0
#include "drivers/confine/capabilities.h"

#include "drivers/api/errors.h"

#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

namespace drivers::confine {

namespace {

struct Free {
    void operator()(void* held) const noexcept { cap_free(held); }
};
using State = std::unique_ptr<std::remove_pointer_t<cap_t>, Free>;

std::vector<cap_value_t> capabilities_of(Privilege privilege) {
    switch (privilege) {
    case Privilege::capture:
        return {CAP_NET_RAW};
    case Privilege::networks:
        return {CAP_NET_ADMIN, CAP_SYS_ADMIN, CAP_NET_BIND_SERVICE};
    case Privilege::real_time:
        return {CAP_SYS_NICE};
    case Privilege::raw_disks:
        return {CAP_SYS_RAWIO, CAP_SYS_ADMIN, CAP_IPC_LOCK};
    case Privilege::any_file:
        break;
    }
    return {CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_CHOWN};
}

[[noreturn]] void fail(const char* what) {
    throw HostError(std::string("giving up privileges: ") + what + ": " + std::strerror(errno));
}

bool holds(cap_t state, cap_value_t one) {
    cap_flag_value_t value = CAP_CLEAR;
    return cap_get_flag(state, one, CAP_PERMITTED, &value) == 0 && value == CAP_SET;
}

} // namespace

void keep_only(const std::set<Privilege>& kept, Heirs heirs) {
    const State now(cap_get_proc());
    if (!now) {
        fail("the kernel does not say which there are");
    }
    std::set<cap_value_t> wanted;
    for (const Privilege privilege : kept) {
        for (const cap_value_t one : capabilities_of(privilege)) {
            wanted.insert(one);
        }
    }
    const State then(cap_init());
    bool had_any = false;
    for (cap_value_t one = 0; cap_valid(one) && one <= cap_max_bits() - 1; ++one) {
        const bool had = holds(now.get(), one);
        had_any = had_any || had;
        if (had && wanted.count(one) == 1) {
            cap_set_flag(then.get(), CAP_PERMITTED, 1, &one, CAP_SET);
            cap_set_flag(then.get(), CAP_EFFECTIVE, 1, &one, CAP_SET);
        } else if (had && heirs == Heirs::as_confined) {
            // So that root's programs do not get it back; wants CAP_SETPCAP, which goes last.
            cap_drop_bound(one);
        }
    }
    if (had_any && cap_set_proc(then.get()) != 0) {
        fail("the kernel refuses");
    }
}

std::string privileges_held() {
    const State now(cap_get_proc());
    std::string out;
    for (cap_value_t one = 0; now && one <= cap_max_bits() - 1; ++one) {
        cap_flag_value_t value = CAP_CLEAR;
        if (cap_get_flag(now.get(), one, CAP_EFFECTIVE, &value) == 0 && value == CAP_SET) {
            const std::unique_ptr<char, Free> name(cap_to_name(one));
            out += (out.empty() ? "" : " ") + std::string(name ? name.get() : "?");
        }
    }
    return out;
}

void hide_memory() noexcept {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__) // Its search for leaks is a debugger of this process.
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

} // namespace drivers::confine
