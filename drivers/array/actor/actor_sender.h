// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/actor/actor_schedule.h"

#include <memory>
#include <string>

namespace drivers::array {

struct SenderSettings {
    std::string management_interface; // Messages leave by it; empty = as the routes say.
    std::string data_interface;
    std::string resolver = "192.0.2.53";         // Who is asked for the addresses of names.
    Duration patience = std::chrono::seconds(2); // For any answer.
    int stop_fd = -1; // Readable: give up whatever is waited for. Borrowed.
};

// Says one message after the other over real sockets. Whatever the other end does, or if it does
// nothing, a message is over in a bounded time; answers are read and forgotten.
class ActorSender {
public:
    explicit ActorSender(SenderSettings settings);
    ~ActorSender();
    ActorSender(const ActorSender&) = delete;
    ActorSender& operator=(const ActorSender&) = delete;

    // Whether it left: false for a name without an address, a refused or silent peer.
    bool send(const ActorMessage& message) noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace drivers::array
