// SPDX-License-Identifier: Apache-2.0
#include "bench/hosts/fellowship.h"

#include <fmt/format.h>

namespace bench::hosts {

Fellowship::Fellowship(Self self,
                       const std::vector<Companion>& companions,
                       const drivers::Clock& clock,
                       const LinkEvents& events)
    : self_(std::move(self)) {
    for (std::size_t i = 0; i < companions.size(); ++i) {
        const std::size_t rank = leads() ? i + 1 : 0;
        LinkEvents heard = events;
        heard.lost = [this, told = events.lost](const std::string& why) {
            {
                const std::lock_guard guard(lock_);
                if (!first_lost_.empty()) {
                    return;
                }
                first_lost_ = why;
            }
            if (told) {
                told(why);
            }
        };
        links_.push_back(
            std::make_unique<Link>(companions[i].descriptor,
                                   fmt::format("rank {} on {}", rank, companions[i].host),
                                   clock,
                                   Link::Terms{companions[i].keys, self_.link, std::move(heard)}));
    }
}

void Fellowship::tell_all(LetterKind kind, std::string_view body) {
    for (const auto& link : links_) {
        link->send(kind, body);
    }
}

std::string Fellowship::lost() const {
    const std::lock_guard guard(lock_);
    return first_lost_;
}

} // namespace bench::hosts
