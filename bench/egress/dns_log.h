// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/flow.h"
#include "bench/egress/pile.h"
#include "bench/egress/slot_table.h"
#include "drivers/wire/dns.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bench::egress {

// A question, and what was answered if an answer was seen.
struct DnsTransaction {
    FlowKey key;
    std::uint8_t client = 0; // The end that asked
    std::uint16_t id = 0;
    std::int64_t at_ns = 0;
    std::int64_t answered_ns = 0; // 0 = never
    std::string name;
    std::uint16_t type = 0;
    std::uint8_t code = 0;
    std::vector<drivers::wire::DnsAnswer> answers;
};

// Questions one by one, joined with their answers, as Zeek's dns.log has them; bounded.
class DnsLog {
public:
    explicit DnsLog(std::size_t transactions_max)
        : transactions_max_(transactions_max) {}

    void
    message(const drivers::wire::DnsMessage& message, const Packet& packet, std::int64_t at_ns);

    const Pile<DnsTransaction>& all() const noexcept { return transactions_; }
    std::uint64_t left_out() const noexcept { return left_out_; } // Questions
    std::uint64_t questions_left_out() const noexcept {
        return questions_left_out_;
    } // Whose answers stand by themselves

private:
    std::size_t transactions_max_;
    integrity::SipSecret secret_ = integrity::drawn_secret();
    Pile<DnsTransaction> transactions_;
    SlotTable open_; // Those without answers
    std::uint64_t left_out_ = 0;
    std::uint64_t questions_left_out_ = 0;
};

} // namespace bench::egress
