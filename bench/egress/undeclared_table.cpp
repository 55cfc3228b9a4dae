// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/undeclared_table.h"

#include <algorithm>

namespace bench::egress {

namespace {
constexpr std::size_t names_max = 10'000;
}

void UndeclaredTable::asked(const std::string& name,
                            std::size_t rule,
                            const FlowKey& key,
                            std::int64_t at_ns) {
    const auto hash = static_cast<std::uint32_t>(
        integrity::sip_hash<1, 3>(secret_, std::as_bytes(std::span(name))));
    std::uint32_t at =
        table_.find(hash, [&](std::uint32_t one) { return names_[one].name == name; });
    if (at == SlotTable::none) {
        if (names_.size() >= names_max) {
            ++left_out_;
            return;
        }
        at = static_cast<std::uint32_t>(names_.size());
        names_.push_back({name, rule, key, at_ns, 0});
        table_.insert(hash, at);
    }
    ++names_[at].queries;
}

std::vector<const UndeclaredName*> UndeclaredTable::all() const {
    std::vector<const UndeclaredName*> out;
    for (const UndeclaredName& one : names_) {
        out.push_back(&one);
    }
    std::sort(out.begin(), out.end(), [](const UndeclaredName* left, const UndeclaredName* right) {
        return left->name < right->name;
    });
    return out;
}

} // namespace bench::egress
