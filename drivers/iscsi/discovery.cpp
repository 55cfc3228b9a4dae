// SPDX-License-Identifier: Apache-2.0
#include "drivers/iscsi/discovery.h"

#include "drivers/api/errors.h"
#include "drivers/iscsi/iscsi_driver.h"

#include <fmt/format.h>

namespace drivers::iscsi {

TextPairs discover(SessionSettings settings, const Clock& clock, Duration at_most) {
    settings.target.clear();
    const SessionWait wait(clock, at_most);
    TextPairs found; // Outlives the session that fills it.
    bool done = false;
    const auto session = open_session(settings, clock, at_most);
    if (!session->begin_discovery(found, done)) {
        throw ArrayError(fmt::format("iSCSI portal {}: {}", settings.portal, session->error()));
    }
    while (!done && session->state() == SessionState::up && !wait.over()) {
        wait.step(*session);
    }
    if (!done || session->state() != SessionState::up) {
        throw ArrayError(fmt::format(
            "iSCSI portal {}: no answer to SendTargets; {}", settings.portal, session->error()));
    }
    session->logout(std::chrono::milliseconds(200));
    return found;
}

} // namespace drivers::iscsi
