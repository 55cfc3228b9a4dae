// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"

#include <memory>
#include <string>
#include <vector>

namespace drivers {

struct MultipathSettings {
    std::size_t depth = 32;
    Duration path_wait = std::chrono::seconds(60); // How long a request waits for a usable path.
    bool any_path = false;            // dm-multipath's "multibus": optimized or not, in one round.
    std::vector<std::string> names{}; // Of the paths, for whoever counts them.
    std::vector<std::string> missing{}; // Paths that were wanted and could not be had, and why.
};

struct PathCounts {
    std::uint64_t requests = 0;  // Sent this way.
    std::uint64_t completed = 0; // Whose end was passed on.
    std::uint64_t moved = 0;     // Taken from this path to another: lost, or its state changed.
};

// One LUN over several drivers, one per path, recognised by its identity. Requests go round-robin
// over the optimized paths, or if there is none over the non-optimized, or as asked over both
// alike. What a path loses, times out or refuses for its state goes out again on another, at most
// `path_wait` after it came.
//
// A write whose path died may still land there. It is sent again nevertheless, for it carries the
// same data to the same blocks; but its completion then says `fenced = false`, so that nobody
// writes these blocks anew before fences() has risen: before every path that may hold such a write
// has been reinstated.
//
// If another LUN answers on one path, the array is not what it was taken for: nothing is sent any
// more on any of them.
class MultipathDriver final : public BlockDriver {
public:
    // Throws SafetyError if the paths lead to different LUNs, or to one without an identity.
    MultipathDriver(std::vector<std::unique_ptr<BlockDriver>> paths,
                    const MultipathSettings& settings,
                    Clock& clock);
    ~MultipathDriver() override;

    const Geometry& geometry() const noexcept override { return geometry_; }
    const Identity& identity() const noexcept override { return identity_; }
    std::size_t depth() const noexcept override { return slots_.size(); }
    [[nodiscard]] bool submit(const Request& request) noexcept override;
    std::size_t poll(std::span<Completion> out) noexcept override;
    std::uint64_t fences() const noexcept override { return fences_; }
    Access access() const noexcept override; // Of the best path.
    DriverEnd ended() const noexcept override { return end_; }
    std::string_view end_reason() const noexcept override { return end_reason_; }
    PutOff put_off() const noexcept override; // By the paths, and while all of them were changing.
    int wait_fd() const noexcept override { return wait_fd_; }
    TimePoint next_timer() const noexcept override;

    std::size_t path_count() const noexcept { return paths_.size(); }
    std::string path_name(std::size_t path) const {
        return path < names_.size() ? names_[path] : std::to_string(path);
    }
    const std::vector<std::string>& missing() const noexcept { return missing_; }
    const PathCounts& counts(std::size_t path) const noexcept { return paths_[path].counts; }
    Access path_access(std::size_t path) const noexcept { return paths_[path].driver->access(); }

private:
    struct Path {
        std::unique_ptr<BlockDriver> driver;
        PathCounts counts;
        std::uint64_t fences_seen = 0;
        bool may_hold_writes = false; // Unfenced ones.
        TimePoint rest_until{};       // Refused for its state: not asked again before.
    };

    struct Slot {
        Request request;
        std::uint64_t tag = 0;
        TimePoint give_up{};
        std::uint16_t path = 0;
        bool unfenced_copy = false; // An earlier sending may still land.
        std::uint32_t sense = 0;    // Of the last refusal for a path's state.
        TimePoint put_off_since = TimePoint::max();
    };

    void open_wait_fd();
    bool send(std::uint32_t index, TimePoint now) noexcept;
    bool usable(const Path& path, Access wanted, TimePoint now) const noexcept;
    void poll_path(std::uint16_t number, TimePoint now) noexcept;
    void take_end(std::uint16_t number, const Completion& end, TimePoint now) noexcept;
    bool takes_other_path(Path& path, Slot& slot, const Completion& end, TimePoint now) noexcept;
    void watch_fences(Path& path) noexcept;
    void watch_end(std::uint16_t number) noexcept;
    void end_with(DriverEnd end, std::string reason) noexcept;
    void put_off(Slot& slot, TimePoint now, std::uint32_t sense) noexcept;
    Completion given_up(const Slot& slot, TimePoint now) const noexcept;
    void send_waiting(TimePoint now) noexcept;
    void finish(std::uint32_t index, Completion end) noexcept;

    Clock& clock_;
    Duration path_wait_;
    bool any_path_;
    std::vector<std::string> names_;
    std::vector<std::string> missing_;
    std::vector<Path> paths_;
    Geometry geometry_;
    Identity identity_;
    std::vector<Slot> slots_;
    std::vector<std::uint32_t> idle_;
    std::vector<std::uint32_t> waiting_; // For a usable path, the oldest first.
    std::vector<Completion> ready_;      // Ended, not handed out yet.
    std::size_t next_path_ = 0;
    std::uint64_t fences_ = 0;
    PutOff put_off_;
    DriverEnd end_ = DriverEnd::none;
    std::string end_reason_;
    int wait_fd_ = -1;
};

} // namespace drivers
