// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/lab/network_namespace.h"
#include "drivers/lab/sink_log.h"

#include <memory>

namespace drivers::lab {

// The world as an array in the laboratory finds it: a resolver that knows every name, a clock, log
// and trap collectors, HTTPS under every name, and at every other address somebody who listens and
// says nothing. All of it is written down, none of it leaves.
class Outside {
public:
    explicit Outside(const NetworkNamespace& network); // Furnishes it. Throws HostError.
    ~Outside();
    Outside(const Outside&) = delete;
    Outside& operator=(const Outside&) = delete;

    const SinkLog& log() const { return log_; }

private:
    struct Services;
    SinkLog log_;
    std::unique_ptr<Services> services_;
};

} // namespace drivers::lab
