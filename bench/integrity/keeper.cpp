// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/keeper.h"

#include "bench/integrity/keeper_state.h"

namespace bench::integrity {

std::string_view name_of(Verify verify) noexcept {
    return verify == Verify::none ? "none" : verify == Verify::sample ? "sample" : "full";
}

void KeeperCounts::add(const KeeperCounts& other) noexcept {
    sectors_stamped += other.sectors_stamped;
    sectors_checked += other.sectors_checked;
    sectors_unchecked += other.sectors_unchecked;
    units_given_up += other.units_given_up;
    units_written += other.units_written;
    units_unfenced += other.units_unfenced;
}

Keeper::Keeper(Expectation& expectation, const KeeperSettings& settings)
    : state_(std::make_unique<State>(expectation, settings)) {}

Keeper::~Keeper() = default;

void Keeper::begin(std::uint32_t slot,
                   const profiles::Access& access,
                   std::span<std::byte> data,
                   drivers::TimePoint now) noexcept {
    state_->begin(slot, access, data, static_cast<std::uint64_t>(now.time_since_epoch().count()));
}

void Keeper::end(std::uint32_t slot,
                 std::uint16_t driver,
                 const drivers::Completion& done) noexcept {
    state_->end(slot, driver, done);
}

void Keeper::withdrawn(std::uint32_t slot) noexcept {
    state_->withdrawn(slot);
}

void Keeper::fences(std::uint16_t driver, std::uint64_t count) noexcept {
    state_->fences(driver, count);
}

bool Keeper::is_unfenced(std::uint64_t offset_bytes, std::uint64_t size_bytes) const noexcept {
    return state_->is_unfenced(offset_bytes, size_bytes);
}

const FindingLog& Keeper::findings() const noexcept {
    return state_->log;
}

const KeeperCounts& Keeper::counts() const noexcept {
    return state_->counts;
}

} // namespace bench::integrity
