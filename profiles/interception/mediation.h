// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/interception/agenda.h"
#include "profiles/interception/plant.h"
#include "profiles/interception/store.h"
#include "profiles/interception/streams.h"
#include "profiles/zipf.h"

#include <vector>

namespace profiles::interception {

// What an array that was too slow cost.
struct Losses {
    std::uint64_t pdus = 0;
    std::uint64_t bytes = 0;
    std::uint64_t target_seconds = 0; // Seconds in which a target lost something, added up
    std::uint64_t targets = 0;
    std::uint64_t cases = 0;
    std::uint64_t case_seconds = 0;
};

// The loop: product waits in the mediation buffer, is committed (content, flush, journal) and is
// durable; what does not fit is lost. Beside it the index: log, pages, seals. One shard's writers;
// every access is real and allocated.
class Mediation final : public PlantHearer {
public:
    Mediation(const Parameters& parameters,
              Store& store,
              Agenda& agenda,
              std::uint32_t writers,
              std::uint32_t targets,
              double share);

    void begin(std::uint64_t seed);
    void product(const Product& product, Duration at) noexcept override;
    void closed(std::uint32_t target, Duration at) noexcept override;
    void ticked(Duration at) noexcept override;
    void alarm(const Agenda::Alarm& alarm) noexcept;
    void completed(const Agenda::Work& work, const AccessOutcome& outcome) noexcept;
    void read_backlog(Duration at); // Its trend is drawn from ten readings a second.
    static constexpr Duration reading_every = std::chrono::milliseconds(100);

    std::vector<Delay>& delays() noexcept { return delays_; }
    const Losses& losses() const noexcept { return losses_; }
    std::vector<Measure> measures() const;
    std::vector<Loss> losses_by_name(Shard shard) const; // Numbered as over all shards.

    // Content that is durable and not yet classified, oldest first; false when there is none.
    bool next_to_classify(Duration now, std::uint64_t& offset_bytes) noexcept;

    static constexpr std::uint32_t targets_per_case = 8;

private:
    struct Writer {
        std::uint64_t pending_bytes = 0;
        std::uint64_t committing_bytes = 0;
        Duration pending_since{-1}; // Due instant of the oldest product not yet in a commit
        Duration committing_since{-1};
        Duration next_commit{0};
        std::uint32_t outstanding = 0; // Content writes of this commit
        std::uint32_t journal_left = 0;
        std::uint32_t segment = 0xFFFFFFFFU;
        std::uint32_t next_case = 0;
        std::uint64_t segment_used = 0;
        std::uint64_t journal_at = 0;
        bool committing = false;
    };
    struct Toll { // What a target or a case has lost.
        std::uint32_t last_second = 0xFFFFFFFFU;
        std::uint32_t pdus = 0;
        std::uint32_t seconds = 0;

        bool add(std::uint32_t more_pdus, std::uint32_t second) noexcept; // True: another second.
    };
    struct Queued { // On the other side of the handover link
        std::uint32_t bytes = 0;
        std::uint32_t pdus = 0;
    };
    struct Classifiable {
        std::uint64_t offset_bytes = 0;
        Duration ready{0};
    };

    Duration oldest_waiting() const;
    void lose(const Product& product, Duration at) noexcept;
    void take_in(const Product& product, Duration at) noexcept;
    void outage_drain(Duration at) noexcept;
    void start_commit(std::uint32_t writer, Duration at) noexcept;
    void write_content(std::uint32_t writer, std::uint64_t bytes, Duration at) noexcept;
    void write_journal(std::uint32_t writer, Duration at) noexcept;
    void commit_durable(std::uint32_t writer, Duration at) noexcept;
    void retry(const Agenda::Work& work, Duration at) noexcept;
    void run_log(Duration at) noexcept;
    void checkpoint(Duration at) noexcept;

    Parameters parameters_;
    Store& store_;
    Agenda& agenda_;
    Random random_{1};
    Zipf index_pages_;
    std::vector<Writer> writers_;
    std::vector<Toll> target_tolls_;
    std::vector<Toll> case_tolls_;
    std::vector<Classifiable> classifiable_; // Ring
    std::size_t classifiable_first_ = 0;
    std::size_t classifiable_count_ = 0;
    std::vector<Delay> delays_;
    std::vector<float> backlog_bytes_; // Each reading
    Duration read_at_{0};
    std::uint64_t buffer_bytes_ = 0;
    std::uint64_t held_bytes_ = 0; // Buffered or in a commit
    std::uint64_t high_water_bytes_ = 0;
    double buffer_seconds_ = 0;
    double rows_ = 0;
    double rows_unindexed_ = 0;
    double log_writes_per_s_ = 0;
    Duration last_log_{-1'000'000'000};
    bool logging_ = false;
    bool log_woken_ = false;
    std::uint64_t log_at_ = 0;
    std::uint64_t seal_at_ = 0;
    std::vector<Queued> queued_; // By target; empty where no outage is planned
    std::uint64_t queued_bytes_ = 0;
    std::size_t draining_ = 0; // Target whose turn it is
    double drain_bytes_per_s_ = 0;
    Losses losses_;
    std::uint64_t product_pdus_ = 0;
    std::uint64_t product_bytes_ = 0;
    std::uint64_t commits_ = 0;
    std::uint64_t retries_ = 0;
};

} // namespace profiles::interception
