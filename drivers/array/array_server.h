// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/actor/actor_settings.h"
#include "drivers/array/array_core.h"
#include "drivers/array/control.h"
#include "drivers/array/portal_settings.h"

#include <memory>
#include <string>
#include <vector>

namespace drivers::array {

struct ServerSettings {
    ArraySettings array;
    std::vector<PortalSettings> portals;
    // host, host:0 or host:port for all portals, the first taking that port and each further one
    // the next; empty = as each portal says.
    std::string listen;
    // By controller: where its portals listen, each at the port of its transport, instead of as the
    // portals or `listen` say. Empty = they do say.
    std::vector<std::string> data_addresses;
    std::vector<ActorSettings> actors; // Talk only where `speak_by` names the ports to do it by.
    std::vector<std::string> speak_by; // Interfaces: management, data.
    int control_fd = -1;               // An end of a socket pair; -1 = steered by signals alone.
};

// An emulated array with its doors open, on the thread that runs it. Throws HostError if it cannot
// listen.
class ArrayServer {
public:
    ArrayServer(const ServerSettings& settings, Clock& clock);
    ~ArrayServer();
    ArrayServer(const ArrayServer&) = delete;
    ArrayServer& operator=(const ArrayServer&) = delete;

    const ReadyReport& ready() const noexcept;
    void run(); // Until SIGINT, SIGTERM, "stop", or the end of the control socket.
    EmulatorCounts counts() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

// The URL under which a driver reaches a LUN through a portal.
std::string portal_url(const PortalAddress& portal, std::size_t lun);

} // namespace drivers::array
