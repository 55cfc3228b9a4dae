// SPDX-License-Identifier: Apache-2.0
// The flow table: who began, what was counted, and what is folded when it is full.
#include "bench/egress/analysis.h"
#include "bench/egress/made_frames.h"
#include "drivers/wire/frame_writer.h"

#include <catch2/catch.hpp>

#include <memory>
#include <vector>

using namespace bench::egress;
using namespace drivers::wire;

namespace {

FrameEnds call(std::uint16_t from_port, std::uint16_t to_port) {
    FrameEnds out;
    out.source = *parse_ip_address("192.0.2.130");
    out.destination = *parse_ip_address("203.0.113.9");
    out.source_port = from_port;
    out.destination_port = to_port;
    return out;
}

struct Book {
    explicit Book(std::size_t flows_max = 1000) {
        AnalysisSettings settings;
        settings.flows_max = flows_max;
        analysis = std::make_unique<Analysis>(policy, settings);
    }
    void see(const std::vector<std::byte>& frame) {
        analysis->frame(frame_of(frame, at_ns += 1'000'000));
    }
    std::vector<Flow> flows() const {
        std::vector<Flow> out;
        analysis->flows().for_each([&](const Flow& flow) { out.push_back(flow); });
        return out;
    }

    CompiledPolicy policy{profiles::Policy{}};
    std::unique_ptr<Analysis> analysis;
    std::int64_t at_ns = 0;
};

} // namespace

TEST_CASE("both ways of a connection are one flow, counted by who sent", "[egress]") {
    Book book;
    const std::vector<std::byte> payload(10, std::byte{'x'});
    const FrameEnds ends = call(50000, 443);
    book.analysis->begin_phase("load", 0);
    const auto syn = write_tcp_frame(ends, {1, 0, tcp_syn}, {});
    const auto answer = write_tcp_frame(ends.turned(), {9, 2, tcp_syn | tcp_ack}, {});
    const auto data = write_tcp_frame(ends, {2, 10, tcp_ack}, payload);
    for (const auto& frame : {syn, answer, data}) {
        book.see(frame);
    }
    REQUIRE(book.flows().size() == 1);
    const Flow flow = book.flows()[0];
    const std::size_t from = flow.initiator_end();
    CHECK(to_text(flow.key.ends[from]) == "192.0.2.130");
    CHECK(flow.packets[from] == 2);
    CHECK(flow.packets[1 - from] == 1);
    CHECK(flow.bytes[from] == syn.size() + data.size());
    CHECK(flow.bytes[1 - from] == answer.size());
    CHECK(flow.payload_bytes[from] == payload.size());
    CHECK(flow.first_ns == 1'000'000);
    CHECK(flow.last_ns == 3'000'000);
    CHECK(flow.tcp_flags_seen[from] == (tcp_syn | tcp_ack));
    CHECK(book.analysis->phases()[flow.phase].name == "load");
}

TEST_CASE("in a full table the flow that was silent longest is folded, and no byte is lost",
          "[egress]") {
    constexpr std::size_t flows_max = 10;
    constexpr std::uint16_t count = 25;
    Book book(flows_max);
    for (std::uint16_t port = 1; port <= count; ++port) {
        book.see(write_udp_frame(call(50000, port), {}));
        book.see(write_udp_frame(call(50000, 1), {})); // Never silent.
    }
    book.analysis->finish();
    CHECK(book.analysis->flows().size() == flows_max);
    CHECK(book.analysis->flows().folded_count() == count - flows_max);
    std::uint64_t bytes = 0;
    std::uint64_t flows = 0;
    bool has_first = false;
    for (const Flow& flow : book.flows()) {
        bytes += flow.bytes_all();
        has_first = has_first || flow.packets_all() == count + 1;
    }
    for (const auto& [what, sum] : book.analysis->folded()) {
        bytes += sum.bytes;
        flows += sum.flows;
    }
    CHECK(has_first);
    CHECK(flows == count - flows_max);
    CHECK(bytes == book.analysis->ledger().captured().bytes);
    CHECK(book.analysis->ledger().balances());
}
