// SPDX-License-Identifier: Apache-2.0
#include "drivers/iscsi/session.h"

#include <poll.h>

#include <algorithm>

namespace drivers::iscsi {

void SessionWait::step(Session& session, Duration at_most) const noexcept {
    const Duration left = std::min(deadline_ - clock_.now(), at_most);
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(left).count() + 1;
    const auto write = static_cast<short>(session.wants_to_write() ? POLLOUT : 0);
    pollfd ready{session.fd(), static_cast<short>(POLLIN | write), 0};
    ::poll(&ready, 1, static_cast<int>(std::clamp<std::int64_t>(ms, 0, 1000)));
    session.service();
}

void SessionWait::pause(Session& session, Duration length) const noexcept {
    const TimePoint until = clock_.now() + length;
    while (session.state() != SessionState::down && !over() && clock_.now() < until) {
        step(session, until - clock_.now());
    }
}

} // namespace drivers::iscsi
