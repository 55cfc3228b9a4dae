// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/lab/service.h"
#include "drivers/lab/sink_log.h"
#include "drivers/wire/cursor.h"

#include <functional>
#include <string>
#include <vector>

namespace drivers::lab {

// What a datagram was understood as, and what is sent back (nothing if empty).
struct DatagramAnswer {
    std::string said;
    std::vector<std::byte> reply;
};

// Takes datagrams at one address and port, writes them down and answers as told.
class DatagramSink final : public Service {
public:
    using Answer = std::function<DatagramAnswer(wire::Bytes)>;

    struct Place {
        std::string service;
        std::string address;
        std::uint16_t port = 0;
    };

    DatagramSink(Place place, Answer answer, SinkLog& log); // Throws HostError.
    ~DatagramSink() override;
    DatagramSink(const DatagramSink&) = delete;
    DatagramSink& operator=(const DatagramSink&) = delete;

    void add_to(std::vector<pollfd>& watched) const override;
    void serve(const pollfd& ready) override;

private:
    Place place_;
    Answer answer_;
    SinkLog& log_;
    int descriptor_;
};

// Every name has an address (one of named_prefix), every other question an answer of some bytes.
DatagramAnswer answer_dns(wire::Bytes query);
// The time of this host, stratum 2 (RFC 5905 section 7.3).
DatagramAnswer answer_ntp(wire::Bytes request);
DatagramAnswer take_text(wire::Bytes datagram); // Syslog, traps: nothing is sent back.

} // namespace drivers::lab
