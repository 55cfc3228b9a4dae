// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/lab/service.h"
#include "drivers/lab/sink_log.h"

#include <memory>
#include <string>
#include <vector>

namespace drivers::lab {

// HTTPS under every name, with a certificate that it has signed itself: writes down the server name
// asked for and how much was said, answers every request with "ok". At most 64 callers at a time,
// none longer than 10 s without a byte.
class TlsSink final : public Service {
public:
    TlsSink(const std::vector<std::uint16_t>& ports, SinkLog& log); // Throws HostError.
    ~TlsSink() override;
    TlsSink(const TlsSink&) = delete;
    TlsSink& operator=(const TlsSink&) = delete;

    void add_to(std::vector<pollfd>& watched) const override;
    void serve(const pollfd& ready) override;
    void tick() override;

private:
    struct Caller;
    struct Context;

    void accept_from(int listener);
    void converse(Caller& caller);
    void end(Caller& caller);

    SinkLog& log_;
    std::unique_ptr<Context> context_;
    std::vector<int> listeners_;
    std::vector<std::unique_ptr<Caller>> callers_;
};

} // namespace drivers::lab
