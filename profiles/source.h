// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace profiles {

// Instants of a source are counted from its own epoch, the start of the load.
using Duration = std::chrono::nanoseconds;

enum class AccessOp : std::uint8_t { read, write, flush, unmap, write_zeroes, compare };

// What the content of a write shall look like; the stamp decides the bytes.
enum class Content : std::uint8_t { stamped, duplicate };

// One intended I/O. `due` is when it should happen, whatever the array does.
struct Access {
    std::uint64_t id = 0; // Comes back in completed(); unique within the source.
    Duration due{0};
    std::uint64_t offset_bytes = 0;
    std::uint64_t size_bytes = 0;
    std::uint64_t content = 0; // Duplicate content: index in the dictionary.
    AccessOp op = AccessOp::read;
    Content kind = Content::stamped;
    bool force_unit_access = false;
    bool verify = false;      // Read to be checked against the expectation.
    std::uint16_t stream = 0; // Index into streams().
};

enum class AccessEnd : std::uint8_t { good, failed, timed_out, lost };

struct AccessOutcome {
    std::uint64_t id = 0;
    AccessEnd end = AccessEnd::good;
    Duration done{0};
};

// A class of accesses that has a histogram and limits of its own.
struct StreamInfo {
    std::string name;      // "read", "write", "journal", ...
    std::string operation; // "read", "write FUA", ...
};

struct Delay {
    Duration due{0};
    Duration done{0};
    std::uint16_t stream = 0;
};

struct Measure {
    std::string name; // With its unit last: "lost_pdus", "buffer_high_water_bytes"
    double value = 0;
};

// What one of those whom a load serves lost: a target, a case, a camera.
struct Loss {
    const char* kind = ""; // "target", "case", "camera"
    std::uint64_t number = 0;
    std::uint64_t units = 0;   // PDUs, blocks of pictures
    std::uint64_t seconds = 0; // In which it lost something
};

// The one thing that knows when and what. Owned by one lane; not thread-safe; never waits.
class Source {
public:
    virtual ~Source() = default;
    virtual std::span<const StreamInfo> streams() const noexcept = 0;

    // When the next access is due. None: nothing until a completion arrives, or nothing ever again.
    virtual std::optional<Duration> next_due() noexcept = 0;

    // Accesses due at or before `now`, oldest first, at most out.size(); returns how many. Each
    // will be answered by exactly one completed().
    virtual std::size_t take(Duration now, std::span<Access> out) noexcept = 0;

    virtual void completed(const AccessOutcome& outcome) noexcept = 0;

    // True when nothing is due any more, whatever completes.
    virtual bool ended() const noexcept = 0;

    // Delays that only the source knows, since they span several accesses (product due until
    // durable, a search of 150 reads). Moves at most out.size() of them out and returns how many;
    // each belongs to one of streams().
    virtual std::size_t take_delays(std::span<Delay> out) noexcept {
        (void)out;
        return 0;
    }

    // Named results beyond delays, to be added up over the shards.
    virtual std::vector<Measure> measures() const { return {}; }

    // Everybody who lost something, in no order; numbers are unique over the shards.
    virtual std::vector<Loss> losses() const { return {}; }
};

} // namespace profiles
