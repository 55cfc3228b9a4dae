// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/lab/service.h"
#include "drivers/lab/sink_log.h"
#include "drivers/wire/frame_writer.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace drivers::lab {

// Whoever an array calls at an address that nobody owns: takes every TCP connection at every port,
// acknowledges and writes down what comes, answers echo requests with bytes of its own as the far
// end of a tunnel would, and takes UDP without a word. Pure: frames in, frames out.
class CatchAllResponder {
public:
    CatchAllResponder(std::vector<wire::IpPrefix> not_mine, SinkLog& log)
        : not_mine_(std::move(not_mine))
        , log_(log) {}

    // What is sent back for a frame; mostly one frame or none.
    std::vector<std::vector<std::byte>> take(wire::Bytes frame);
    void finish(); // Writes down the connections that are still open.

    std::size_t open_connections() const { return connections_.size(); }

private:
    using ConnectionKey =
        std::tuple<wire::IpAddress, std::uint16_t, wire::IpAddress, std::uint16_t>;
    struct Connection {
        std::uint32_t next_expected = 0;
        std::uint32_t next_sent = 0;
        std::uint64_t bytes = 0;
        std::string first;
    };

    bool is_mine(const wire::Packet& packet) const;
    std::vector<std::vector<std::byte>> take_tcp(const wire::Packet& packet,
                                                 const wire::FrameEnds& back);
    void write_down(const ConnectionKey& key, const Connection& connection);

    std::vector<wire::IpPrefix> not_mine_;
    SinkLog& log_;
    std::map<ConnectionKey, Connection> connections_;
};

// The responder at an interface's own frames.
class CatchAll final : public Service {
public:
    CatchAll(const std::string& interface,
             std::vector<wire::IpPrefix> not_mine,
             SinkLog& log); // Throws HostError.
    ~CatchAll() override;
    CatchAll(const CatchAll&) = delete;
    CatchAll& operator=(const CatchAll&) = delete;

    void add_to(std::vector<pollfd>& watched) const override;
    void serve(const pollfd& ready) override;

private:
    int descriptor_ = -1;
    CatchAllResponder responder_;
};

} // namespace drivers::lab
