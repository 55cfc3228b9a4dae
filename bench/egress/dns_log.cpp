// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/dns_log.h"

namespace bench::egress {

namespace {
constexpr std::size_t open_max = 100'000;
}

void DnsLog::message(const drivers::wire::DnsMessage& message,
                     const Packet& packet,
                     std::int64_t at_ns) {
    if (transactions_max_ == 0 || message.questions.empty()) {
        return;
    }
    const std::string& name = message.questions[0].name;
    const KeyedEnd keyed = key_of(packet);
    integrity::SipHash<1, 3> state(secret_);
    state.word(keyed.key.hash(secret_));
    state.word(message.id);
    const auto hash =
        static_cast<std::uint32_t>(state.end_with(std::as_bytes(std::span(name)), 16));
    const std::uint32_t open = open_.find(hash, [&](std::uint32_t one) {
        const DnsTransaction& asked = transactions_[one];
        return asked.id == message.id && asked.key == keyed.key && asked.name == name;
    });
    if (message.response && open != SlotTable::none) {
        DnsTransaction& asked = transactions_[open];
        asked.answered_ns = at_ns;
        asked.code = message.code;
        asked.answers = message.answers;
        open_.erase(hash, open);
        return;
    }
    if (transactions_.size() >= transactions_max_) {
        ++left_out_;
        return;
    }
    const auto fresh_at = static_cast<std::uint32_t>(transactions_.size());
    DnsTransaction& fresh = transactions_.emplace_back();
    fresh.key = keyed.key;
    fresh.client = keyed.sender;
    fresh.id = message.id;
    fresh.at_ns = at_ns;
    fresh.name = name;
    fresh.type = message.questions[0].type;
    if (message.response) { // Its question was not captured.
        fresh.client = fresh.client == 0 ? 1 : 0;
        fresh.answered_ns = at_ns;
        fresh.code = message.code;
        fresh.answers = message.answers;
        return;
    }
    if (open != SlotTable::none) { // Asked once more: an answer is the last one's.
        open_.erase(hash, open);
    }
    if (open_.size() < open_max) {
        open_.insert(hash, fresh_at);
    } else {
        ++questions_left_out_;
    }
}

} // namespace bench::egress
