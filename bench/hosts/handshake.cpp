// SPDX-License-Identifier: Apache-2.0
#include "bench/hosts/handshake.h"

#include "drivers/api/errors.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/random.h>
#include <sys/socket.h>

namespace bench::hosts {

std::string drawn_challenge() {
    std::string out(challenge_bytes, '\0');
    if (::getrandom(out.data(), out.size(), 0) != static_cast<ssize_t>(out.size())) {
        throw drivers::HostError("no random numbers from the kernel");
    }
    return out;
}

ConnectionKeys keys_of(const SealKey& shared, const std::string& challenge) {
    return {derived_key(shared, challenge, "arraybench hosts: newcomer's proof"),
            derived_key(shared, challenge, "arraybench hosts: leader's proof"),
            derived_key(shared, challenge, "arraybench hosts: to the leader"),
            derived_key(shared, challenge, "arraybench hosts: to the newcomer")};
}

bool say(int descriptor, const std::string& text) { // A few bytes: they fit into any buffer.
    return ::send(descriptor, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
           static_cast<ssize_t>(text.size());
}

void speak_at_once(int descriptor) {
    const int yes = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

} // namespace bench::hosts
