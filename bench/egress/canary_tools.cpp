// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/canary_tools.h"

#include "bench/egress/canary_view.h"

#include <fmt/format.h>

namespace bench::egress {

namespace {
constexpr std::size_t room_bytes = 16U << 10U;
constexpr std::size_t secrets_max = 256; // A run has a few; forgetting more at once takes time.
} // namespace

Unsearched& Unsearched::operator+=(const Unsearched& other) noexcept {
    packed_bytes += other.packed_bytes;
    not_begun += other.not_begun;
    too_long += other.too_long;
    return *this;
}

Unsearched Unsearched::operator-(const Unsearched& earlier) const noexcept {
    return {packed_bytes - earlier.packed_bytes,
            not_begun - earlier.not_begun,
            too_long - earlier.too_long};
}

CanaryTools::CanaryTools(const integrity::CanaryKey& run_key)
    : key(run_key)
    , marker(integrity::canary_marker(run_key))
    , scan(marker) {
    for (auto& room : rooms) {
        room.resize(room_bytes);
    }
    for (const Encoding& encoding : scan.encodings()) {
        encoding_names_.push_back(name_of(encoding));
    }
    for (unsigned xor_key = 0; xor_key < 256; ++xor_key) {
        xor_names_.push_back(fmt::format("XOR 0x{:02x}", xor_key));
    }
}

CanaryTools::~CanaryTools() = default;

const std::string& CanaryTools::name_of_inside(Packing packing, const std::string& around) {
    const char* name = name_of(packing);
    return *inside_names_.insert(around.empty() ? name : fmt::format("{} in {}", name, around))
                .first;
}

// As integrity::read_canary, with the secrets remembered.
std::optional<integrity::CanaryPlace> CanaryTools::read(const integrity::CanaryToken& token) {
    const integrity::CanaryPlace place = integrity::canary_place(token);
    const Arm which(place.lun, place.phase, place.arm);
    if (!last_secret_ || last_secret_->first != which) {
        if (secrets_.size() >= secrets_max && secrets_.count(which) == 0) {
            secrets_.clear();
        }
        const auto [found, fresh] = secrets_.try_emplace(which);
        if (fresh) {
            found->second = integrity::canary_secret(key, place);
        }
        last_secret_.emplace(which, found->second);
    }
    return integrity::is_authentic(last_secret_->second, token) ? std::optional(place)
                                                                : std::nullopt;
}

} // namespace bench::egress
