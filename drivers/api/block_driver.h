// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace drivers {

enum class Op : std::uint8_t { read, write, flush, unmap, write_zeroes, compare };
enum class Status : std::uint8_t { good, failed, busy, timed_out, lost };

struct Geometry {
    std::uint32_t block_bytes = 0;
    std::uint64_t block_count = 0;
    std::uint32_t transfer_bytes_max = 0; // One request carries no more; 0 = no limit stated.
};

// Who the LUN says it is; the bench writes only where a plan names one of these.
struct Identity {
    std::string vendor;
    std::string product;
    std::string revision;
    std::string serial;
    std::string unique_id; // NAA, EUI-64 or NGUID, lower-case hexadecimal.
};

struct BlockRange {
    std::uint64_t lba = 0;
    std::uint64_t block_count = 0;
};

struct Request {
    std::uint64_t tag = 0;
    Op op = Op::read;
    bool force_unit_access = false;
    BlockRange range{};                   // All operations but unmap.
    std::span<const BlockRange> ranges{}; // Unmap. Borrowed until this tag completes.
    std::span<std::byte> data{};          // Borrowed until this tag completes.
};

struct Completion {
    std::uint64_t tag = 0;
    Status status = Status::good;
    bool fenced = true;      // False: a write that may still land although it has completed here.
    std::uint16_t path = 0;  // Which portal carried it, where a driver has several.
    std::uint32_t sense = 0; // SCSI key << 16 | ASC << 8 | ASCQ, or NVMe SCT << 8 | SC; 0 = none.
                             // SCSI status << 24 where a status came without sense.
    TimePoint done{};
};

// How well a driver's way leads to its LUN now: ALUA or ANA state, or a lost connection.
enum class Access : std::uint8_t {
    optimized,
    non_optimized,
    standby,
    unavailable,
    transitioning,
    down
};

// Why a driver carries nothing any more. Beyond `none` it is over for good: nothing that is
// submitted will ever be answered by the array.
enum class DriverEnd : std::uint8_t {
    none,
    lost,           // The array or every way to it, for longer than was hoped.
    another_lun,    // Something else answers in the LUN's place: nothing may be written there.
    broke_protocol, // The array did what no array may do.
    less_secure     // It proves itself no longer, or grants no digest, as it was asked to and did
                    // before: not the array that was meant, and nothing may be written there.
};

// What the array put off before it was answered in the end: queued unit attentions, BUSY, TASK SET
// FULL, ALUA and ANA transitions. The waiting is part of the latency.
struct PutOff {
    std::uint64_t attentions = 0; // Unit attentions met, and the command sent once more.
    std::uint64_t times = 0;      // Commands sent again after a pause.
    Duration longest{0};          // From the first refusal of a command to its last.
};

// One queue to one LUN or namespace. Not thread-safe: one lane owns it, and may own many.
class BlockDriver {
public:
    enum class Wait : std::uint8_t { not_offered, woken, timed_out };

    virtual ~BlockDriver() = default;
    virtual const Geometry& geometry() const noexcept = 0;
    virtual const Identity& identity() const noexcept = 0;
    virtual std::size_t depth() const noexcept = 0;

    // False means full: nothing was taken. True means exactly one completion will follow, and
    // `timed_out` or `lost` follows only when the buffer can no longer be touched.
    [[nodiscard]] virtual bool submit(const Request& request) noexcept = 0;

    // Never waits. Writes what has finished into `out` and returns how many.
    virtual std::size_t poll(std::span<Completion> out) noexcept = 0;

    // A hint: most data will lie in this memory until the next call, so a driver may register it.
    // Empty: in none; called before the memory is given back.
    virtual void use_memory(std::span<std::byte> memory) noexcept { (void)memory; }

    // Counts the fences that the array has acknowledged (reset, session reinstatement, controller
    // disable): every unfenced completion handed out before the count last rose can no longer land.
    virtual std::uint64_t fences() const noexcept { return 0; }

    // Down: submit refuses while there is hope, or else takes and completes `lost` at once.
    virtual Access access() const noexcept { return Access::optimized; }

    // Once it is not `none` it stays as it is; `end_reason` then says, for people, what happened
    // and where, with both identities where another LUN answered.
    virtual DriverEnd ended() const noexcept { return DriverEnd::none; }
    virtual std::string_view end_reason() const noexcept { return {}; }

    virtual PutOff put_off() const noexcept { return {}; }

    // What a lane waits for: a readable descriptor (-1: none, poll is enough) or an instant.
    virtual int wait_fd() const noexcept = 0;
    virtual TimePoint next_timer() const noexcept = 0;

    // For a caller that waits for nothing else: sends what was submitted and sleeps in the same
    // step, until poll() has something to do or `until`.
    virtual Wait wait(TimePoint until) noexcept {
        (void)until;
        return Wait::not_offered;
    }
};

} // namespace drivers
