// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/block_lease.h"

#include "bench/campaign/whole_access.h"
#include "drivers/api/errors.h"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

namespace bench::campaign {

namespace {

constexpr drivers::Duration look_every = std::chrono::milliseconds(100);

std::string held_text(const LeaseNote& note) {
    return "the LUN is held by another run, by a note in its last block: " + note.who;
}

} // namespace

BlockLease::BlockLease(Open open, drivers::Clock& clock, BlockLeaseTerms terms)
    : open_(std::move(open))
    , driver_(open_())
    , clock_(clock)
    , terms_(std::move(terms))
    , own_{terms_.token, terms_.who, 0} {
    if (const auto found = read(); found && found->token != own_.token) {
        wait_for_expiry(*found);
    }
    take();
    renewing_ = std::jthread([this](const std::stop_token& over) {
        drivers::TimePoint next = clock_.now() + terms_.beat_every;
        while (!over.stop_requested()) {
            clock_.sleep_until(std::min(next, clock_.now() + look_every));
            if (clock_.now() < next) {
                continue;
            }
            if (!beat()) {
                return;
            }
            next = clock_.now() + terms_.beat_every;
        }
    });
}

BlockLease::~BlockLease() {
    renewing_.request_stop();
    renewing_.join();
    try {
        if (!is_lost_ && !terms_.is_shared && driver_->ended() == drivers::DriverEnd::none &&
            read() == own_) {
            write(nullptr);
        }
    } catch (const std::runtime_error&) { // It expires by itself.
    }
}

std::optional<LeaseNote> BlockLease::read() {
    const drivers::Geometry& geometry = driver_->geometry();
    std::vector<std::byte> block(geometry.block_bytes);
    read_whole(*driver_, (geometry.block_count - 1) * geometry.block_bytes, block);
    return read_lease_note(std::span(block).first<integrity::sector_bytes>());
}

void BlockLease::write(const LeaseNote* note) {
    const drivers::Geometry& geometry = driver_->geometry();
    std::vector<std::byte> block(geometry.block_bytes);
    if (note != nullptr) {
        write_lease_note(*note, block);
    }
    write_whole(*driver_, (geometry.block_count - 1) * geometry.block_bytes, block);
}

// Only while the block can be read does time count: a holder that reaches the array no better than
// this host does could not have renewed it.
void BlockLease::wait_for_expiry(LeaseNote note) {
    const drivers::TimePoint until = clock_.now() + terms_.expires_after;
    while (clock_.now() < until) {
        clock_.sleep_until(clock_.now() + look_every);
        const auto now = read();
        if (!now) {
            return; // Given up.
        }
        if (*now != note) {
            throw drivers::SafetyError(held_text(*now));
        }
    }
}

void BlockLease::take() {
    write(&own_);
    renewed_ = clock_.now();
    clock_.sleep_until(clock_.now() + terms_.settles_after);
    const auto found = read();
    if (!found || found->token != own_.token) {
        throw drivers::SafetyError(found
                                       ? held_text(*found)
                                       : "the LUN's lease, a note in its last block, did not stay "
                                         "there: something else writes to it");
    }
}

void BlockLease::renew() {
    if (driver_->ended() != drivers::DriverEnd::none) {
        driver_ = open_();
    }
    const auto found = read();
    if (!found || found->token != own_.token) {
        throw drivers::SafetyError(found ? held_text(*found)
                                         : "the note in the LUN's last block by which this run "
                                           "held it is gone: something else writes to it");
    }
    ++own_.beat;
    write(&own_);
    renewed_ = clock_.now();
}

bool BlockLease::beat() {
    std::string why;
    try {
        renew();
        return true;
    } catch (const drivers::SafetyError& error) {
        why = error.what();
    } catch (const std::runtime_error& error) {
        // Others count from the last renewal that they saw: stop well before they may begin.
        if (clock_.now() - renewed_ < terms_.expires_after - 2 * terms_.beat_every) {
            return true;
        }
        why = fmt::format("the lease could not be renewed in time: {}", error.what());
    }
    is_lost_ = true;
    if (terms_.lost) {
        terms_.lost(why);
    }
    return false;
}

} // namespace bench::campaign
