// SPDX-License-Identifier: Apache-2.0
#include "profiles/interception/mediation.h"

#include <algorithm>
#include <cmath>

namespace profiles::interception {

namespace {

using namespace std::chrono_literals;

constexpr Duration retry_after = 100ms;
constexpr Duration classify_after = 1s;
constexpr std::size_t classifiable_max = 1U << 16U;
constexpr std::uint64_t block_bytes = 4096;
constexpr std::uint32_t no_segment = 0xFFFFFFFFU;

Duration seconds_of(double value) {
    return Duration(static_cast<std::int64_t>(value * 1e9));
}

std::uint64_t whole_blocks(std::uint64_t bytes) {
    return (bytes + block_bytes - 1) / block_bytes * block_bytes;
}

Access write(std::uint64_t offset, std::uint64_t bytes, Duration due, StreamIndex stream) {
    Access out;
    out.op = AccessOp::write;
    out.offset_bytes = offset;
    out.size_bytes = bytes;
    out.due = due;
    out.stream = number(stream);
    return out;
}

std::uint64_t circular(std::uint64_t& cursor, const Region& region, std::uint64_t bytes) {
    const std::uint64_t places = region.size_bytes / bytes;
    return region.from_bytes + cursor++ % places * bytes;
}

} // namespace

Mediation::Mediation(const Parameters& parameters,
                     Store& store,
                     Agenda& agenda,
                     std::uint32_t writers,
                     std::uint32_t targets,
                     double share)
    : parameters_(parameters)
    , store_(store)
    , agenda_(agenda)
    , index_pages_(std::max<std::uint64_t>(
                       1, store.index().size_bytes / parameters.storage.index_block_bytes),
                   0.9)
    , writers_(writers)
    , target_tolls_(std::max(targets, 1U))
    , case_tolls_(targets / targets_per_case + 1)
    , classifiable_(classifiable_max) {
    const double busy = busy_rates(parameters).ingest_bytes * share;
    buffer_seconds_ = parameters.storage.buffer_seconds;
    buffer_bytes_ =
        static_cast<std::uint64_t>(std::max(busy * buffer_seconds_, 1.0 * block_bytes * writers));
    log_writes_per_s_ = parameters.storage.log_writes_per_s_max * parameters.scale * share;
    drain_bytes_per_s_ = busy * parameters.events.outage_drain_factor;
    if (parameters.events.outage_at.count() >= 0 && parameters.events.outage_length.count() > 0) {
        queued_.resize(target_tolls_.size());
    }
    delays_.reserve(4096);
    backlog_bytes_.reserve(36000); // An hour
}

void Mediation::begin(std::uint64_t seed) {
    random_ = Random(mixed(seed ^ 0x3ED1A));
    const Duration cycle = seconds_of(1 / parameters_.storage.commits_per_s);
    for (std::uint32_t i = 0; i < writers_.size();
         ++i) { // Writers commit one after the other, not all at once.
        writers_[i].next_commit = cycle * (i + 1) / static_cast<std::int64_t>(writers_.size());
        writers_[i].next_case = i;
        agenda_.wake(writers_[i].next_commit, Actor::writer, i);
    }
    agenda_.wake(parameters_.storage.checkpoint_every, Actor::checkpoint, 0);
}

void Mediation::product(const Product& product, Duration at) noexcept {
    product_pdus_ += product.pdus;
    product_bytes_ += product.bytes;
    const EventParameters& events = parameters_.events;
    const bool outage =
        !queued_.empty() && at >= events.outage_at && at < events.outage_at + events.outage_length;
    if (outage) {
        Queued& queue = queued_[product.target % queued_.size()];
        queue.bytes += product.bytes;
        queue.pdus += product.pdus;
        queued_bytes_ += product.bytes;
        rows_ += static_cast<double>(product.rows);
        return;
    }
    take_in(product, at);
}

void Mediation::ticked(Duration at) noexcept {
    const EventParameters& events = parameters_.events;
    if (queued_bytes_ > 0 && at >= events.outage_at + events.outage_length) {
        outage_drain(at);
    }
    run_log(at);
}

void Mediation::take_in(const Product& product, Duration at) noexcept {
    rows_ += static_cast<double>(product.rows);
    if (product.bytes == 0) {
        return;
    }
    if (held_bytes_ + product.bytes > buffer_bytes_) {
        lose(product, at);
        return;
    }
    Writer& writer = writers_[product.target % writers_.size()];
    if (writer.pending_bytes == 0) {
        writer.pending_since =
            at - Plant::tick; // The oldest of a tick's PDUs came at its beginning.
    }
    writer.pending_bytes += product.bytes;
    writer.next_case = product.target / targets_per_case;
    held_bytes_ += product.bytes;
    high_water_bytes_ = std::max(high_water_bytes_, held_bytes_);
}

void Mediation::closed(std::uint32_t target, Duration at) noexcept {
    (void)target;
    Access access = write(circular(seal_at_, store_.seals(), parameters_.storage.seal_block_bytes),
                          parameters_.storage.seal_block_bytes,
                          at,
                          StreamIndex::seal);
    access.force_unit_access = true;
    agenda_.add(access, Actor::seal, 0);
}

void Mediation::alarm(const Agenda::Alarm& alarm) noexcept {
    switch (alarm.actor) {
    case Actor::writer: {
        Writer& writer = writers_[alarm.index];
        if (!writer.committing) {
            if (writer.pending_bytes > 0) {
                start_commit(alarm.index, alarm.at);
            } else {
                writer.next_commit = alarm.at + seconds_of(1 / parameters_.storage.commits_per_s);
                agenda_.wake(writer.next_commit, Actor::writer, alarm.index);
            }
        }
        break;
    }
    case Actor::database_log:
        log_woken_ = false;
        run_log(alarm.at);
        break;
    case Actor::checkpoint:
        checkpoint(alarm.at);
        agenda_.wake(alarm.at + parameters_.storage.checkpoint_every, Actor::checkpoint, 0);
        break;
    default:
        break;
    }
}

void Mediation::start_commit(std::uint32_t index, Duration at) noexcept {
    Writer& writer = writers_[index];
    writer.committing = true;
    writer.committing_bytes = writer.pending_bytes;
    writer.committing_since = writer.pending_since;
    writer.pending_bytes = 0;
    writer.next_commit =
        std::max(writer.next_commit + seconds_of(1 / parameters_.storage.commits_per_s), at);
    write_content(index, writer.committing_bytes, at);
}

void Mediation::write_content(std::uint32_t index, std::uint64_t bytes, Duration at) noexcept {
    Writer& writer = writers_[index];
    while (bytes > 0) {
        if (writer.segment == no_segment || writer.segment_used == Store::segment_bytes) {
            if (writer.segment != no_segment) {
                store_.retain(writer.segment);
            }
            writer.segment = store_.open_segment(writer.next_case);
            writer.segment_used = 0;
        }
        const std::uint64_t size = std::min({whole_blocks(bytes),
                                             parameters_.storage.content_block_bytes,
                                             Store::segment_bytes - writer.segment_used});
        const std::uint64_t offset = store_.offset_of(writer.segment) + writer.segment_used;
        agenda_.add(write(offset, size, at, StreamIndex::content), Actor::writer, index);
        if (classifiable_count_ < classifiable_.size()) {
            classifiable_[(classifiable_first_ + classifiable_count_++) % classifiable_.size()] = {
                offset, at + classify_after};
        }
        writer.segment_used += size;
        ++writer.outstanding;
        bytes -= std::min(bytes, size);
    }
}

void Mediation::write_journal(std::uint32_t index, Duration at) noexcept {
    Writer& writer = writers_[index];
    Access access = write(
        circular(writer.journal_at, store_.journal(index), parameters_.storage.journal_block_bytes),
        parameters_.storage.journal_block_bytes,
        at,
        StreamIndex::journal);
    access.force_unit_access = true;
    agenda_.add(access, Actor::journal, index);
}

void Mediation::retry(const Agenda::Work& work, Duration at) noexcept {
    ++retries_;
    Access again = work.access;
    again.due =
        at + retry_after; // Its delay goes on counting: the commit is measured from its product.
    agenda_.add(again, work.actor, work.index);
}

void Mediation::completed(const Agenda::Work& work, const AccessOutcome& outcome) noexcept {
    if (outcome.end != AccessEnd::good && work.actor != Actor::index_page) {
        retry(work, outcome.done);
        return;
    }
    switch (work.actor) {
    case Actor::writer: {
        Writer& writer = writers_[work.index];
        if (work.access.op == AccessOp::write) {
            if (--writer.outstanding == 0) {
                Access flush;
                flush.op = AccessOp::flush;
                flush.due = outcome.done;
                flush.stream = number(StreamIndex::flush);
                agenda_.add(flush, Actor::writer, work.index);
            }
        } else {
            writer.journal_left = parameters_.storage.journal_writes_per_commit;
            write_journal(work.index, outcome.done);
        }
        break;
    }
    case Actor::journal:
        if (--writers_[work.index].journal_left > 0) {
            write_journal(work.index, outcome.done);
        } else {
            commit_durable(work.index, outcome.done);
        }
        break;
    case Actor::database_log:
        logging_ = false;
        run_log(outcome.done);
        break;
    default:
        break;
    }
}

void Mediation::commit_durable(std::uint32_t index, Duration at) noexcept {
    Writer& writer = writers_[index];
    ++commits_;
    delays_.push_back({writer.committing_since, at, number(StreamIndex::commit_delay)});
    held_bytes_ -= writer.committing_bytes;
    writer.committing_bytes = 0;
    writer.committing = false;
    run_log(at);
    // Late already: the next commit starts at once, and takes all that has gathered.
    agenda_.wake(std::max(writer.next_commit, at), Actor::writer, index);
}

void Mediation::run_log(Duration at) noexcept {
    const Duration gap = seconds_of(1 / std::max(log_writes_per_s_, 0.001));
    if (logging_ || rows_ < 1) {
        return;
    }
    if (at < last_log_ + gap) {
        if (!log_woken_) {
            log_woken_ = true;
            agenda_.wake(last_log_ + gap, Actor::database_log, 0);
        }
        return;
    }
    // Group commit: a row a write while the log keeps up, a twentieth of what waits once it does
    // not.
    constexpr double group = 20;
    const double taken = std::max(1.0, std::floor(rows_ / group));
    rows_unindexed_ += taken;
    rows_ -= taken;
    logging_ = true;
    last_log_ = std::max(at, last_log_ + gap);
    Access access = write(circular(log_at_, store_.log(), parameters_.storage.log_block_bytes),
                          parameters_.storage.log_block_bytes,
                          at,
                          StreamIndex::database_log);
    access.force_unit_access = true;
    agenda_.add(access, Actor::database_log, 0);
}

// Dirty index pages leave in a burst, spread over half of the time until the next one.
void Mediation::checkpoint(Duration at) noexcept {
    const auto pages =
        static_cast<std::uint64_t>(rows_unindexed_ * parameters_.storage.index_pages_per_row);
    rows_unindexed_ -= static_cast<double>(pages) / parameters_.storage.index_pages_per_row;
    const Duration spread = parameters_.storage.checkpoint_every / 2;
    for (std::uint64_t page = 0; page < pages; ++page) {
        const std::uint64_t place =
            index_pages_.draw(random_) * parameters_.storage.index_block_bytes;
        agenda_.add(
            write(store_.index().from_bytes + place,
                  parameters_.storage.index_block_bytes,
                  at + spread * static_cast<std::int64_t>(page) / static_cast<std::int64_t>(pages),
                  StreamIndex::index_page),
            Actor::index_page,
            0);
    }
}

bool Mediation::next_to_classify(Duration now, std::uint64_t& offset_bytes) noexcept {
    if (classifiable_count_ == 0 || classifiable_[classifiable_first_].ready > now) {
        return false;
    }
    offset_bytes = classifiable_[classifiable_first_].offset_bytes;
    classifiable_first_ = (classifiable_first_ + 1) % classifiable_.size();
    --classifiable_count_;
    return true;
}

void Mediation::read_backlog(Duration at) {
    backlog_bytes_.push_back(static_cast<float>(held_bytes_));
    read_at_ = at;
}

} // namespace profiles::interception
