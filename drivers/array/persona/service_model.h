// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/persona/distribution.h"
#include "drivers/array/persona/granule_cache.h"
#include "drivers/array/persona/station.h"
#include "drivers/array/persona/trigger.h"

#include <cstdint>
#include <vector>

namespace drivers::array {

enum class Work : std::uint8_t { read, write, flush, unmap };

struct ServiceDemand { // What one command asks of the array.
    Work work = Work::read;
    Target target;
    std::uint64_t bytes = 0;
    bool forwarded = false;      // Through a controller that does not own the LUN.
    bool through_cache = false;  // FUA or flush on a volatile cache: media is waited for.
    std::uint64_t allocates = 0; // Granules that the pool has to hand out.
    double incompressible = 1;   // Share of the data that compression would leave.
};

// When the answer to a command is due: controllers, links, cache and media as stations in virtual
// time, so that load makes queues, and a full cache waits for its destaging.
class ServiceModel {
public:
    ServiceModel(const ServiceSettings& settings, std::uint16_t controllers, std::uint64_t seed);

    // False: everything is free of cost, and nothing below needs to be asked.
    bool is_active() const noexcept { return costs_ || faulty_; }
    bool measures_compression() const noexcept {
        return settings_.compression > Duration{0} || settings_.destage_compressed;
    }
    bool refuses(const Target& target, TimePoint now) noexcept; // Queue full.
    TimePoint ready(const ServiceDemand& demand, TimePoint now) noexcept;

    void apply(const FaultEvent& event, TimePoint now); // Slow path, slow tail, queue full.
    void recover() noexcept;
    std::uint64_t tails() const noexcept { return tails_; }
    std::uint64_t slowed() const noexcept { return slowed_; }

private:
    struct Controller {
        explicit Controller(std::uint32_t processors)
            : processor(processors)
            , link(1) {}
        Station processor;
        Station link;
        std::vector<TimePoint> in_service; // A heap, earliest end on top.
    };

    Duration processing(const ServiceDemand& demand) noexcept;
    TimePoint media_read(const ServiceDemand& demand, TimePoint at) noexcept;
    TimePoint into_cache(const ServiceDemand& demand, TimePoint at) noexcept;
    TimePoint through_cache(const ServiceDemand& demand, TimePoint at) noexcept;
    Duration slowed_down(const ServiceDemand& demand, Duration spent, TimePoint now) noexcept;
    Duration transfer(std::uint64_t bytes, double bytes_per_s) const noexcept;

    ServiceSettings settings_;
    bool costs_;
    bool faulty_ = false;
    Random chance_;
    std::vector<Distribution> times_; // By Work.
    Distribution media_read_time_;
    Distribution media_write_time_;
    std::vector<Controller> controllers_;
    Station media_;
    GranuleCache read_cache_;
    TimePoint destaged_at_{}; // When everything in the write cache will have left it.
    Triggers slow_path_;
    Triggers slow_tail_;
    Triggers queue_full_;
    std::uint64_t tails_ = 0;
    std::uint64_t slowed_ = 0;
};

} // namespace drivers::array
