// SPDX-License-Identifier: Apache-2.0
#include "profiles/file_error.h"
#include "profiles/interception/interception_source.h"
#include "profiles/interception/video.h"
#include "profiles/random.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <vector>

namespace profiles::interception {

namespace {

constexpr std::uint64_t page_bytes = 4096;
constexpr std::uint64_t blocks_per_zone_min = 8;

constexpr std::uint16_t number(VideoStream stream) noexcept {
    return static_cast<std::uint16_t>(stream);
}

Duration interval_of(double bytes, double bytes_per_s) {
    return Duration(static_cast<std::int64_t>(bytes / bytes_per_s * 1e9));
}

class VideoSource final : public Source {
public:
    VideoSource(const VideoParameters& parameters,
                const WorkingSet& set,
                std::uint64_t seed,
                Shard shard)
        : parameters_(parameters)
        , shard_(shard)
        , random_(mixed(seed ^ mixed(shard.index + 0xCA3E4AULL)))
        , block_every_(interval_of(static_cast<double>(parameters.block_bytes),
                                   parameters.camera_bytes_per_s))
        , read_every_(interval_of(static_cast<double>(parameters.playback_block_bytes),
                                  parameters.camera_bytes_per_s * parameters.playback_speed)) {
        const std::uint32_t all = camera_count(parameters);
        if (shard.count > all) {
            throw FileError(fmt::format(
                "{} shards for {} cameras: wanted at most one shard a camera", shard.count, all));
        }
        const std::uint32_t cameras = all / shard.count + (shard.index < all % shard.count ? 1 : 0);
        place(part_of(set, shard), cameras);
        held_max_ = static_cast<std::uint32_t>(
            std::max(1.0,
                     parameters.buffer_seconds * parameters.camera_bytes_per_s /
                         static_cast<double>(parameters.block_bytes)));
        begin(cameras, shard);
    }

    std::span<const StreamInfo> streams() const noexcept override { return video_streams(); }
    bool ended() const noexcept override { return false; }
    std::optional<Duration> next_due() noexcept override { return agenda_.front().at; }

    std::size_t take(Duration now, std::span<Access> out) noexcept override {
        std::size_t count = 0;
        while (count < out.size() && agenda_.front().at <= now) {
            std::pop_heap(agenda_.begin(), agenda_.end());
            Turn& turn = agenda_.back();
            if (act(turn, out[count])) {
                ++count;
            }
            std::push_heap(agenda_.begin(), agenda_.end());
        }
        return count;
    }

    void completed(const AccessOutcome& outcome) noexcept override {
        const auto kind = static_cast<Kind>(outcome.id >> kind_shift);
        const auto index = static_cast<std::uint32_t>(outcome.id & index_mask);
        if (kind == Kind::record) {
            Camera& camera = cameras_[index];
            --camera.held;
            if (outcome.end != AccessEnd::good) {
                lose(camera, outcome.done);
            }
        } else if (kind == Kind::playback && viewers_[index].first_due >= Duration(0)) {
            delays_.push_back(
                {viewers_[index].first_due, outcome.done, number(VideoStream::playback_start)});
            viewers_[index].first_due = Duration(-1);
        }
    }

    std::size_t take_delays(std::span<Delay> out) noexcept override {
        const std::size_t count = std::min(delays_.size(), out.size());
        std::copy_n(delays_.end() - static_cast<std::ptrdiff_t>(count), count, out.begin());
        delays_.resize(delays_.size() - count);
        return count;
    }

    std::vector<Measure> measures() const override {
        return {{"lost_blocks", static_cast<double>(lost_blocks_)},
                {"lost_bytes",
                 static_cast<double>(lost_blocks_) * static_cast<double>(parameters_.block_bytes)},
                {"lost_camera_seconds", static_cast<double>(lost_seconds_)},
                {"buffer_high_water_blocks", static_cast<double>(held_most_)}};
    }

    std::vector<Loss> losses() const override {
        std::vector<Loss> out;
        for (std::size_t i = 0; i < cameras_.size(); ++i) {
            if (cameras_[i].lost_blocks > 0) {
                out.push_back({"camera",
                               i * shard_.count + shard_.index,
                               cameras_[i].lost_blocks,
                               cameras_[i].lost_seconds});
            }
        }
        return out;
    }

private:
    enum class Kind : std::uint8_t { record, index, playback };
    static constexpr unsigned kind_shift = 60;
    static constexpr unsigned sequence_shift = 32;
    static constexpr std::uint64_t sequence_mask = 0xFFFFFFF;
    static constexpr std::uint64_t index_mask = 0xFFFFFFFF;

    struct Camera {
        std::uint32_t cursor = 0;  // Block of the zone that is written next
        std::uint32_t written = 0; // Blocks of the zone that hold pictures
        std::uint32_t held = 0;    // Blocks in the buffer: taken and not answered
        std::uint32_t last_lost_second = 0xFFFFFFFF;
        std::uint32_t lost_blocks = 0;
        std::uint32_t lost_seconds = 0;
    };
    struct Viewer {
        std::uint32_t camera = 0;
        std::uint64_t at_bytes = 0; // Within the zone
        std::uint32_t reads_left = 0;
        Duration first_due{-1}; // Of a playback that has not begun to show
    };
    struct Turn {
        Duration at{0};
        Kind kind = Kind::record;
        std::uint32_t index = 0;
        bool operator<(const Turn& other) const noexcept { return at > other.at; }
    };

    void place(const WorkingSet& part, std::uint32_t cameras) {
        index_from_ = part.from_bytes;
        const std::uint64_t pages = std::max<std::uint64_t>(cameras, 256);
        index_pages_ = pages;
        const std::uint64_t block = parameters_.block_bytes;
        const std::uint64_t from = (pages * page_bytes + block - 1) / block * block;
        const std::uint64_t blocks =
            part.size_bytes > from ? (part.size_bytes - from) / block / cameras : 0;
        if (blocks < blocks_per_zone_min || blocks * block < 2 * parameters_.playback_block_bytes) {
            throw FileError(fmt::format("the working set of {} MiB is too small for {} cameras: "
                                        "wanted at least {} MiB",
                                        part.size_bytes >> 20U,
                                        cameras,
                                        (from +
                                         cameras * std::max(blocks_per_zone_min * block,
                                                            2 * parameters_.playback_block_bytes) +
                                         block) >>
                                            20U));
        }
        zones_from_ = part.from_bytes + from;
        zone_blocks_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(blocks, 1U << 31U));
    }

    Duration phase(Duration every) noexcept {
        return Duration(
            static_cast<std::int64_t>(random_.fraction() * static_cast<double>(every.count())));
    }

    void begin(std::uint32_t cameras, Shard shard) {
        cameras_.resize(cameras);
        agenda_.reserve(3ULL * cameras);
        for (std::uint32_t i = 0; i < cameras; ++i) {
            Camera& camera = cameras_[i];
            camera.written = static_cast<std::uint32_t>(parameters_.retained_share * zone_blocks_);
            camera.cursor = camera.written == zone_blocks_
                                ? static_cast<std::uint32_t>(random_.below(zone_blocks_))
                                : camera.written;
            agenda_.push_back({phase(block_every_), Kind::record, i});
            agenda_.push_back({phase(parameters_.segment), Kind::index, i});
        }
        const auto all =
            static_cast<std::uint32_t>(std::round(parameters_.viewers * parameters_.scale));
        viewers_.resize(all / shard.count + (shard.index < all % shard.count ? 1 : 0));
        for (std::uint32_t i = 0; i < viewers_.size(); ++i) {
            agenda_.push_back({phase(read_every_), Kind::playback, i});
        }
        std::make_heap(agenda_.begin(), agenda_.end());
        delays_.reserve(1024);
    }

    // The turn's access, and when its next one is. False: nothing is due this time.
    bool act(Turn& turn, Access& out) noexcept {
        out = Access{};
        out.id = static_cast<std::uint64_t>(turn.kind) << kind_shift |
                 (next_id_++ & sequence_mask) << sequence_shift | turn.index;
        out.due = turn.at;
        switch (turn.kind) {
        case Kind::record:
            turn.at += block_every_;
            return record(turn.index, out);
        case Kind::index:
            turn.at += parameters_.segment;
            write_index(out);
            return true;
        case Kind::playback:
            turn.at += read_every_;
            return play(turn.index, out);
        }
        return false;
    }

    bool record(std::uint32_t index, Access& out) noexcept {
        Camera& camera = cameras_[index];
        if (camera.held >= held_max_) {
            lose(camera, out.due);
            return false;
        }
        ++camera.held;
        held_most_ = std::max(held_most_, camera.held);
        out.op = AccessOp::write;
        out.stream = number(VideoStream::record);
        out.offset_bytes = zone(index) + camera.cursor * parameters_.block_bytes;
        out.size_bytes = parameters_.block_bytes;
        camera.cursor = camera.cursor + 1 < zone_blocks_ ? camera.cursor + 1 : 0;
        camera.written = std::min(camera.written + 1, zone_blocks_);
        return true;
    }

    void write_index(Access& out) noexcept {
        out.op = AccessOp::write;
        out.force_unit_access = true;
        out.stream = number(VideoStream::index);
        out.offset_bytes = index_from_ + next_page_ * page_bytes;
        out.size_bytes = parameters_.index_block_bytes;
        next_page_ = next_page_ + 1 < index_pages_ ? next_page_ + 1 : 0;
    }

    // A viewer looks at one camera from somewhere in what it has kept, in sequence.
    bool play(std::uint32_t index, Access& out) noexcept {
        Viewer& viewer = viewers_[index];
        const std::uint64_t read = parameters_.playback_block_bytes;
        if (viewer.reads_left == 0) {
            const auto camera = static_cast<std::uint32_t>(random_.below(cameras_.size()));
            const std::uint64_t kept = cameras_[camera].written * parameters_.block_bytes;
            if (kept < read) {
                return false;
            }
            viewer.camera = camera;
            viewer.at_bytes = random_.below(kept / read) * read;
            viewer.reads_left = static_cast<std::uint32_t>(
                std::max<std::int64_t>(1, parameters_.playback_length / read_every_));
            viewer.first_due = out.due;
        }
        const std::uint64_t kept = cameras_[viewer.camera].written * parameters_.block_bytes;
        if (viewer.at_bytes + read > kept) {
            viewer.at_bytes = 0;
        }
        out.stream = number(VideoStream::playback);
        out.offset_bytes = zone(viewer.camera) + viewer.at_bytes;
        out.size_bytes = read;
        viewer.at_bytes += read;
        --viewer.reads_left;
        return true;
    }

    void lose(Camera& camera, Duration at) noexcept {
        ++lost_blocks_;
        ++camera.lost_blocks;
        const auto second = static_cast<std::uint32_t>(at / std::chrono::seconds(1));
        const std::uint32_t another = second != camera.last_lost_second ? 1 : 0;
        lost_seconds_ += another;
        camera.lost_seconds += another;
        camera.last_lost_second = second;
    }

    std::uint64_t zone(std::uint32_t camera) const noexcept {
        return zones_from_ + std::uint64_t{camera} * zone_blocks_ * parameters_.block_bytes;
    }

    VideoParameters parameters_;
    Shard shard_;
    Random random_;
    Duration block_every_;
    Duration read_every_;
    std::vector<Camera> cameras_;
    std::vector<Viewer> viewers_;
    std::vector<Turn> agenda_; // Heap, earliest first: a turn for each camera, index and viewer
    std::vector<Delay> delays_;
    std::uint64_t index_from_ = 0;
    std::uint64_t index_pages_ = 0;
    std::uint64_t next_page_ = 0;
    std::uint64_t zones_from_ = 0;
    std::uint32_t zone_blocks_ = 0;
    std::uint32_t held_max_ = 1;
    std::uint32_t held_most_ = 0;
    std::uint64_t next_id_ = 0;
    std::uint64_t lost_blocks_ = 0;
    std::uint64_t lost_seconds_ = 0;
};

} // namespace

std::span<const StreamInfo> video_streams() {
    static const std::array<StreamInfo, number(VideoStream::count)> streams{
        {{"record", "write"},
         {"segment index", "write FUA"},
         {"playback", "read"},
         {"playback start", "seek until first block"}}};
    return streams;
}

std::uint32_t camera_count(const VideoParameters& parameters) {
    return static_cast<std::uint32_t>(
        std::max(1.0, std::round(parameters.cameras * parameters.scale)));
}

PlatformTable video_table(const VideoParameters& p) {
    const double cameras = camera_count(p);
    PlatformTable out;
    out.ingest_mean_bytes_per_s = cameras * p.camera_bytes_per_s;
    out.ingest_busy_bytes_per_s = out.ingest_mean_bytes_per_s;
    out.ingest_peak_bytes_per_s = out.ingest_mean_bytes_per_s;
    out.bytes_per_day = out.ingest_mean_bytes_per_s * 86400;
    const auto add = [&](StreamRate rate) {
        rate.bytes_per_s = rate.per_s * static_cast<double>(rate.block_bytes);
        const bool reads = rate.operation == "read";
        (reads ? out.read_per_s : out.write_per_s) += rate.per_s;
        (reads ? out.read_bytes_per_s : out.write_bytes_per_s) += rate.bytes_per_s;
        out.streams.push_back(std::move(rate));
    };
    add({"V1",
         "record",
         "write",
         p.block_bytes,
         cameras * p.camera_bytes_per_s / static_cast<double>(p.block_bytes),
         0,
         "append, one circular zone per camera"});
    add({"V2",
         "segment index",
         "write FUA",
         p.index_block_bytes,
         cameras / std::chrono::duration<double>(p.segment).count(),
         0,
         "small circular, one per closed file"});
    add({"V3",
         "playback",
         "read",
         p.playback_block_bytes,
         std::round(p.viewers * p.scale) * p.camera_bytes_per_s * p.playback_speed /
             static_cast<double>(p.playback_block_bytes),
         0,
         "long and sequential, one camera per viewer"});
    return out;
}

std::unique_ptr<Source> make_video_source(const VideoParameters& parameters,
                                          const WorkingSet& set,
                                          std::uint64_t seed,
                                          Shard shard) {
    return std::make_unique<VideoSource>(parameters, set, seed, shard);
}

} // namespace profiles::interception
