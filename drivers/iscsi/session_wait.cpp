// SPDX-License-Identifier: Apache-2.0
#include "drivers/iscsi/session.h"

#include <poll.h>

#include <algorithm>

namespace drivers::iscsi {

void SessionWait::step(Session& session) const noexcept {
    const Duration left = deadline_ - clock_.now();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(left).count() + 1;
    const auto write = static_cast<short>(session.wants_to_write() ? POLLOUT : 0);
    pollfd ready{session.fd(), static_cast<short>(POLLIN | write), 0};
    ::poll(&ready, 1, static_cast<int>(std::clamp<std::int64_t>(ms, 0, 1000)));
    session.service();
}

} // namespace drivers::iscsi
