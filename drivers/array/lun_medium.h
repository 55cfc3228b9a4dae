// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/array_counts.h"
#include "drivers/array/cached_copies.h"
#include "drivers/array/medium.h"
#include "drivers/array/persona/data_faults.h"
#include "drivers/array/volume.h"

#include <cstdint>
#include <memory>

namespace drivers::array {

// What a LUN tells its initiators and what it does: a volume, and the data faults that strike on
// the way to it. Every fault really done is counted, once, when it is done.
class LunMedium {
public:
    LunMedium(std::unique_ptr<Volume> volume, bool volatile_cache);

    MediumResult execute(const MediumCommand& command,
                         DataFaults& faults,
                         EmulatorCounts& counts,
                         TimePoint now) noexcept;
    void power_cut(EmulatorCounts& counts) noexcept;

    Volume& volume() noexcept { return *volume_; }
    const Volume& volume() const noexcept { return *volume_; }

private:
    struct Call { // What every step of one command needs.
        const MediumCommand& command;
        DataFaults& faults;
        EmulatorCounts& counts;
        Target target;
        TimePoint now;
        void done(Fault fault) const noexcept { ++counts.done[static_cast<std::size_t>(fault)]; }
    };

    MediumResult read(const Call& call) noexcept;
    MediumResult write(const Call& call) noexcept;
    bool store(const Call& call, const WriteFate& fate, Durability durability) noexcept;
    bool store_part(const Call& call, std::uint64_t bytes, Durability durability) noexcept;
    bool store_zeros(const Call& call, Durability durability) noexcept;
    void unmap(const Call& call) noexcept;
    void flush(const Call& call) noexcept;
    Durability durability_of(const Call& call) const noexcept;

    std::unique_ptr<Volume> volume_;
    CachedCopies cached_; // Of writes that were lost.
    bool volatile_cache_;
};

} // namespace drivers::array
