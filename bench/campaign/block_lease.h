// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/lease_note.h"
#include "drivers/api/block_driver.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace bench::campaign {

// What a plan gives up at the LUN's end for it.
inline constexpr std::uint64_t lease_bytes = 64U << 10U;

struct BlockLeaseTerms {
    std::string token;
    std::string who;
    // A holder that is alive raises its number so often; one that has not for the second length is
    // gone, and has stopped by itself a little earlier.
    drivers::Duration beat_every = std::chrono::seconds(5);
    drivers::Duration expires_after = std::chrono::seconds(60);
    drivers::Duration settles_after =
        std::chrono::seconds(2);                  // Of two who write at once one stays.
    std::function<void(const std::string&)> lost; // Once, from another thread, and why.
    // Parts of one run on other hosts renew the same note: whoever ends first leaves it to them,
    // and it expires by itself when none of them renews it any more.
    bool is_shared = false;
};

// Holds a LUN for one run among all hosts that reach it, by a note in its last block that is
// renewed until the end. Clocks are never compared: who finds another's note watches by its own
// whether it is renewed.
class BlockLease {
public:
    // A queue to the LUN; once more where the last one has ended.
    using Open = std::function<std::unique_ptr<drivers::BlockDriver>()>;

    // Waits as long as it takes to know. Throws SafetyError, naming the holder, where another run
    // has the LUN; ArrayError where the block cannot be read or written.
    BlockLease(Open open, drivers::Clock& clock, BlockLeaseTerms terms);
    ~BlockLease(); // Gives it up, unless others share it.
    BlockLease(const BlockLease&) = delete;
    BlockLease& operator=(const BlockLease&) = delete;

    // As the thread does in its time: false = it is lost.
    bool beat();

private:
    std::optional<LeaseNote> read();
    void write(const LeaseNote* note); // None: held by nobody.
    void wait_for_expiry(LeaseNote note);
    void take();
    void renew();

    Open open_;
    std::unique_ptr<drivers::BlockDriver> driver_;
    drivers::Clock& clock_;
    BlockLeaseTerms terms_;
    LeaseNote own_;
    drivers::TimePoint renewed_{};
    std::atomic<bool> is_lost_{false};
    std::jthread renewing_;
};

} // namespace bench::campaign
