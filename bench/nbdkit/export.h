// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/lun_lease.h"
#include "bench/campaign/safety.h"
#include "bench/nbdkit/lun_service.h"
#include "bench/plan/driver_assembly.h"
#include "drivers/api/monotonic_clock.h"

#include <optional>
#include <string>
#include <string_view>

namespace bench::nbdkit {

// What nbdkit's command line says.
struct ExportSettings {
    std::optional<plan::Url> url;
    campaign::WritePermission permission;
    plan::DriverOptions options = [] {
        plan::DriverOptions out;
        out.depth = 64;
        return out;
    }();
    std::string lease_token = campaign::new_lease_token();
    // The LUN was found to carry nobody's data when the server started: options.expected says which
    // one that was.
    bool cleared = false;

    std::string end_file; // Told why a driver has ended for good; empty = nobody is.

    void set(std::string_view key, std::string_view value); // Throws UsageError.
    void check() const;                                     // Throws UsageError.
    void tell_end(drivers::DriverEnd end, std::string_view reason) const noexcept;
};

// What a client is told: EPERM of a LUN that refuses to be written to, ENOSPC of one that has no
// space left, EIO of all else.
int error_of(const drivers::Completion& end);

// One client's connection: a session of its own to the LUN. Offsets and lengths are whole blocks
// or are made so: a read takes the blocks around, a write of half a block is refused (the block
// size is told to clients, and nbdkit's blocksize filter serves those that do not listen).
// Calls answer with an errno, 0 = done; any thread may make them.
class Export {
public:
    // Throws as open_driver and check_may_write do. Once cleared, only the identity is looked at
    // again: what lies there by then was written through this server.
    Export(const ExportSettings& settings, bool read_only);

    const drivers::LunMark& mark() const noexcept { return mark_; }

    struct BlockSizes {
        std::uint32_t least = 512;
        std::uint32_t best = 4096;
        std::uint32_t most = 1U << 20U;
    };

    std::int64_t size_bytes() const noexcept;
    BlockSizes block_sizes() const noexcept;
    bool is_writable() const noexcept { return writable_; }

    int read(void* data, std::uint32_t count, std::uint64_t at);
    int write(const void* data, std::uint32_t count, std::uint64_t at, bool force);
    int flush();
    int trim(std::uint32_t count, std::uint64_t at, bool force);
    int zero(std::uint32_t count, std::uint64_t at, bool force);

private:
    int transfer(drivers::Op op, std::span<std::byte> data, std::uint64_t at, bool force);
    int read_around(std::span<std::byte> data, std::uint64_t at);
    int execute(const drivers::Request& request);
    std::uint32_t piece_bytes() const noexcept;
    bool is_whole(std::uint64_t count, std::uint64_t at) const noexcept;

    drivers::MonotonicClock clock_;
    bool writable_ = false;
    drivers::LunMark mark_;
    std::unique_ptr<LunService> service_;
};

} // namespace bench::nbdkit
