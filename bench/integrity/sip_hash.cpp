// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/sip_hash.h"

#include "drivers/api/errors.h"

#include <sys/random.h>

namespace bench::integrity {

SipSecret drawn_secret() {
    SipSecret out{};
    if (getrandom(out.data(), sizeof out, 0) != static_cast<ssize_t>(sizeof out)) {
        throw drivers::HostError("the kernel gives no random numbers");
    }
    return out;
}

} // namespace bench::integrity
