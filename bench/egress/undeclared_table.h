// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/flow.h"
#include "bench/egress/pile.h"
#include "bench/egress/slot_table.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bench::egress {

struct UndeclaredName {
    std::string name;
    std::size_t rule = 0;
    FlowKey key;
    std::int64_t at_ns = 0;
    std::uint64_t queries = 0;
};

// Names that were asked for although the rule that allows the question does not name them; bounded.
class UndeclaredTable {
public:
    void asked(const std::string& name, std::size_t rule, const FlowKey& key, std::int64_t at_ns);
    std::vector<const UndeclaredName*> all() const;               // By name
    std::uint64_t left_out() const noexcept { return left_out_; } // Queries for further names

private:
    integrity::SipSecret secret_ = integrity::drawn_secret();
    Pile<UndeclaredName> names_;
    SlotTable table_;
    std::uint64_t left_out_ = 0;
};

} // namespace bench::egress
