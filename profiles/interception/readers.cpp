// SPDX-License-Identifier: Apache-2.0
#include "profiles/interception/readers.h"

#include <algorithm>
#include <cmath>

namespace profiles::interception {

namespace {

constexpr std::uint64_t mib = 1U << 20U;
constexpr double day_s = 86400;
constexpr std::uint64_t scan_bytes = 64U << 10U;
constexpr std::uint64_t row_bytes = 8U << 10U;
constexpr std::uint64_t purge_check_bytes = 64U << 10U;
constexpr std::uint32_t purge_case_tries = 64;

} // namespace

Readers::Readers(
    const Parameters& parameters, Store& store, Agenda& agenda, Mediation& mediation, double share)
    : parameters_(parameters)
    , store_(store)
    , agenda_(agenda)
    , mediation_(mediation) {
    const ReaderParameters& r = parameters.readers;
    const double scale = parameters.scale * share;
    const Rates mean = mean_rates(parameters);
    const double bytes_per_day = mean.ingest_bytes * day_s * share;
    searches_per_s_ = r.searches_per_s * scale;
    seeks_per_s_ = r.analysts * r.seeks_per_s * scale;
    cases_ = std::max(1U,
                      static_cast<std::uint32_t>(parameters.targets * parameters.scale * share) /
                              Mediation::targets_per_case +
                          1);
    add_paced(Actor::listening,
              StreamIndex::playback,
              r.playback_block_bytes,
              r.analysts * r.playback_bytes_per_s * scale);
    if (r.classification) {
        add_paced(Actor::classification,
                  StreamIndex::classification,
                  parameters.storage.content_block_bytes,
                  mean.ingest_bytes * share);
    }
    if (r.export_evidence) {
        add_paced(Actor::evidence,
                  StreamIndex::evidence,
                  mib,
                  r.exports_per_h / 3600 * r.export_bytes * scale);
        paced_.back().verify = true; // What goes to court is checked sum by sum.
    }
    if (r.scrub) {
        add_paced(Actor::scrub,
                  StreamIndex::scrub,
                  mib,
                  bytes_per_day * r.retention_days / (r.scrub_days * day_s));
        paced_.back().verify = true;
    }
    if (r.backup) {
        add_paced(Actor::backup, StreamIndex::backup, mib, bytes_per_day / (r.backup_hours * 3600));
    }
    purges_per_s_ =
        r.purge ? bytes_per_day / (r.purge_hours * 3600) / static_cast<double>(Store::segment_bytes)
                : 0;
    moving_depth_ = r.evacuation || r.arrival
                        ? std::max(1U, static_cast<std::uint32_t>(r.evacuation_depth * share))
                        : 0;
    delays_.reserve(4096);
    searches_.reserve(1024);
    seeks_.reserve(1024);
}

void Readers::add_paced(Actor actor,
                        StreamIndex stream,
                        std::uint64_t block_bytes,
                        double bytes_per_s) {
    Paced reader;
    reader.actor = actor;
    reader.stream = stream;
    reader.block_bytes = block_bytes;
    reader.per_s = bytes_per_s / static_cast<double>(block_bytes);
    paced_.push_back(reader);
}

void Readers::begin(std::uint64_t seed) {
    random_ = Random(mixed(seed ^ 0x4EADE25));
    for (Paced& reader : paced_) {
        if (reader.per_s > 0) {
            reader.next =
                Duration(static_cast<std::int64_t>(random_.fraction() / reader.per_s * 1e9));
            reader.cursor = random_.below(std::max<std::uint64_t>(1, store_.retained()));
            agenda_.wake(reader.next, reader.actor, 0);
        }
    }
    const auto wake = [&](double rate, Actor actor) {
        if (rate > 0) {
            agenda_.wake(gap(rate), actor, 0);
        }
    };
    wake(searches_per_s_, Actor::search);
    wake(seeks_per_s_, Actor::playback);
    wake(purges_per_s_, Actor::purge);
    for (std::uint32_t i = 0; i < moving_depth_; ++i) {
        agenda_.wake(
            Duration(0), parameters_.readers.evacuation ? Actor::evacuation : Actor::arrival, i);
    }
}

Duration Readers::gap(double rate_per_s) noexcept {
    return Duration(
        static_cast<std::int64_t>(-std::log(1 - random_.fraction()) / rate_per_s * 1e9));
}

Access Readers::read(std::uint64_t offset,
                     std::uint64_t bytes,
                     Duration due,
                     StreamIndex stream) const noexcept {
    Access out;
    out.op = AccessOp::read;
    out.offset_bytes = offset;
    out.size_bytes = bytes;
    out.due = due;
    out.stream = number(stream);
    return out;
}

Readers::Paced* Readers::paced(Actor actor) noexcept {
    const auto found = std::find_if(
        paced_.begin(), paced_.end(), [&](const Paced& reader) { return reader.actor == actor; });
    return found == paced_.end() ? nullptr : &*found;
}

// False: there is nothing to read yet.
bool Readers::read_block(Paced& reader, Duration due) noexcept {
    std::uint64_t offset = 0;
    if (reader.actor == Actor::classification) {
        if (!mediation_.next_to_classify(due, offset)) {
            return false;
        }
    } else {
        if (store_.retained() == 0) {
            return false;
        }
        const std::uint64_t per_segment = Store::segment_bytes / reader.block_bytes;
        const std::uint64_t segment = reader.cursor / per_segment;
        offset =
            store_.offset_of(store_.by_rank(store_.retained() - 1 - segment % store_.retained())) +
            reader.cursor % per_segment * reader.block_bytes;
        ++reader.cursor;
    }
    Access access = read(offset, reader.block_bytes, due, reader.stream);
    access.verify = reader.verify;
    agenda_.add(access, reader.actor, 0);
    ++reader.in_flight;
    return true;
}

void Readers::pace(Paced& reader, Duration at) noexcept {
    reader.next += Duration(static_cast<std::int64_t>(1e9 / reader.per_s));
    agenda_.wake(reader.next, reader.actor, 0);
    const ReaderParameters& r = parameters_.readers;
    if (reader.actor == Actor::backup &&
        !is_in_hours(parameters_, at, r.backup_from_hour, r.backup_hours)) {
        return;
    }
    if (reader.in_flight >= reader.depth) {
        ++reader.behind;
        reader.behind_max = std::max(reader.behind_max, reader.behind);
    } else {
        read_block(reader, at);
    }
}

void Readers::alarm(const Agenda::Alarm& alarm) noexcept {
    switch (alarm.actor) {
    case Actor::search:
        begin_search(alarm.at);
        agenda_.wake(alarm.at + gap(searches_per_s_), Actor::search, 0);
        break;
    case Actor::playback:
        begin_seek(alarm.at);
        agenda_.wake(alarm.at + gap(seeks_per_s_), Actor::playback, 0);
        break;
    case Actor::evacuation:
        evacuate(alarm.at);
        break;
    case Actor::arrival:
        arrive(alarm.at);
        break;
    case Actor::purge:
        purge(alarm.at);
        agenda_.wake(alarm.at + gap(purges_per_s_), Actor::purge, 0);
        break;
    default:
        if (Paced* reader = paced(alarm.actor); reader != nullptr) {
            pace(*reader, alarm.at);
        }
        break;
    }
}

void Readers::begin_search(Duration at) noexcept {
    auto found = std::find_if(
        searches_.begin(), searches_.end(), [](const Search& search) { return !search.open; });
    if (found == searches_.end()) {
        searches_.emplace_back();
        found = searches_.end() - 1;
    }
    *found = {at, 0, 0, true};
    const auto index = static_cast<std::uint32_t>(found - searches_.begin());
    for (std::uint32_t i = 0;
         i < std::min(parameters_.readers.search_depth, parameters_.readers.reads_per_search);
         ++i) {
        search_read(index, at);
    }
}

void Readers::search_read(std::uint32_t search, Duration at) noexcept {
    const Region index = store_.index();
    const std::uint64_t bytes =
        random_.chance(parameters_.readers.search_scan_share) ? scan_bytes : row_bytes;
    const std::uint64_t places = index.size_bytes / bytes;
    agenda_.add(
        read(index.from_bytes + random_.below(places) * bytes, bytes, at, StreamIndex::search_read),
        Actor::search,
        search);
    ++searches_[search].issued;
}

void Readers::begin_seek(Duration at) noexcept {
    if (store_.retained() == 0) {
        return;
    }
    auto found =
        std::find_if(seeks_.begin(), seeks_.end(), [](const Seek& seek) { return !seek.open; });
    if (found == seeks_.end()) {
        seeks_.emplace_back();
        found = seeks_.end() - 1;
    }
    const ReaderParameters& r = parameters_.readers;
    const auto retained = static_cast<double>(store_.retained());
    const double young = std::max(1.0, retained * r.young_rank);
    const double rank = random_.chance(r.young_share)
                            ? random_.fraction() * young
                            : young + random_.fraction() * (retained - young);
    const std::uint64_t places =
        Store::segment_bytes / r.playback_block_bytes - r.reads_per_seek + 1;
    *found = {at,
              store_.offset_of(store_.by_rank(static_cast<std::size_t>(rank))) +
                  random_.below(places) * r.playback_block_bytes,
              r.reads_per_seek,
              false,
              true};
    seek_read(static_cast<std::uint32_t>(found - seeks_.begin()), at);
}

void Readers::seek_read(std::uint32_t seek, Duration at) noexcept {
    Seek& state = seeks_[seek];
    agenda_.add(read(state.offset_bytes,
                     parameters_.readers.playback_block_bytes,
                     at,
                     StreamIndex::playback),
                Actor::playback,
                seek);
    state.offset_bytes += parameters_.readers.playback_block_bytes;
    --state.left;
}

// By court order: all of one case, whatever its age; each freed segment is read back at one place
// and must be zero.
void Readers::purge(Duration at) noexcept {
    const ReaderParameters& r = parameters_.readers;
    if (!is_in_hours(parameters_, at, r.purge_from_hour, r.purge_hours)) {
        return;
    }
    if (!store_.may_purge()) {
        ++purges_left_out_;
        return;
    }
    std::uint32_t segment = 0;
    for (std::uint32_t tried = 0; !store_.take_of_case(purge_case_, segment); ++tried) {
        if (tried == purge_case_tries) {
            return;
        }
        purge_case_ = static_cast<std::uint32_t>(random_.below(cases_));
    }
    Access access;
    access.op = parameters_.readers.purge_overwrites ? AccessOp::write_zeroes : AccessOp::unmap;
    access.offset_bytes = store_.offset_of(segment);
    access.size_bytes = Store::segment_bytes;
    access.due = at;
    access.stream = number(StreamIndex::purge);
    agenda_.add(access, Actor::purge, segment);
    ++purged_segments_;
}

void Readers::completed(const Agenda::Work& work, const AccessOutcome& outcome) noexcept {
    failed_reads_ += outcome.end == AccessEnd::good ? 0U : 1U;
    switch (work.actor) {
    case Actor::search: {
        Search& search = searches_[work.index];
        if (++search.completed == parameters_.readers.reads_per_search) {
            delays_.push_back({search.begun, outcome.done, number(StreamIndex::search)});
            search.open = false;
        } else if (search.issued < parameters_.readers.reads_per_search) {
            search_read(work.index, outcome.done);
        }
        break;
    }
    case Actor::playback: {
        Seek& seek = seeks_[work.index];
        if (!seek.started) {
            seek.started = true;
            delays_.push_back({seek.begun, outcome.done, number(StreamIndex::playback_start)});
        }
        if (seek.left > 0) {
            seek_read(work.index, outcome.done);
        } else {
            seek.open = false;
        }
        break;
    }
    case Actor::purge: {
        const std::uint64_t place =
            random_.below(Store::segment_bytes / purge_check_bytes) * purge_check_bytes;
        Access check = read(work.access.offset_bytes + place,
                            purge_check_bytes,
                            outcome.done,
                            StreamIndex::purge_check);
        check.verify = true;
        agenda_.add(check, Actor::purge_check, work.index);
        break;
    }
    case Actor::evacuation:
    case Actor::arrival:
    case Actor::arrival_check:
        move_on(work, outcome);
        break;
    case Actor::purge_check:
        store_.freed(work.index);
        break;
    default:
        if (Paced* reader = paced(work.actor); reader != nullptr) {
            --reader->in_flight;
            if (reader->behind > 0 && read_block(*reader, outcome.done)) {
                --reader->behind;
            }
        }
        break;
    }
}

std::vector<Measure> Readers::measures() const {
    std::vector<Measure> out{{"failed_reads", static_cast<double>(failed_reads_)},
                             {"purged_segments", static_cast<double>(purged_segments_)}};
    if (purges_left_out_ > 0) { // The set is too small for the time that was driven.
        out.push_back({"purges_left_out", static_cast<double>(purges_left_out_)});
    }
    if (moving_depth_ > 0) {
        const std::string what = parameters_.readers.evacuation ? "evacuat" : "arriv";
        out.push_back({what + "ed_bytes", static_cast<double>(moved_blocks_ * mib)});
        out.push_back({(parameters_.readers.evacuation ? "evacuation" : "arrival") +
                           std::string("_passes_finished"),
                       moved_at_ >= Duration(0) ? 1.0 : 0.0});
    }
    for (const Paced& reader : paced_) {
        if (reader.behind_max > 0) {
            out.push_back({std::string(platform_streams()[number(reader.stream)].name) +
                               " behind, bytes at most",
                           static_cast<double>(reader.behind_max * reader.block_bytes)});
        }
    }
    return out;
}

} // namespace profiles::interception
