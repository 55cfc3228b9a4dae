// SPDX-License-Identifier: Apache-2.0
// An expectation on disk, in words of 8 bytes, little-endian:
//   magic, format, run, from, size, unit bytes, next generation, next event, cut generation,
//   strict from, finished (0 or 1), length of the LUN's id, count of unsettled units, bytes of a
//   block of the LUN, its count of blocks (both 0: not known);
//   the id, filled up to whole words; the CRC32C of everything before; the unsettled units; then
//   blocks of units, each led by a word that is 1 (the block follows) or 0 (all of it is zero);
//   last the CRC32C of everything before.
// Formats 1 and 2, which are still read, kept no geometry and no sum behind the id. Format 1 kept
// 34 bits of a settled unit's generation, and of a version when it was issued and acknowledged
// instead of when it landed and what ran beside it.
#include "bench/integrity/expectation.h"
#include "drivers/api/errors.h"
#include "profiles/file_error.h"
#include "results/part_file.h"
#include "results/record_error.h"
#include "results/whole_file.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <isa-l/crc.h>

namespace bench::integrity {

namespace {

constexpr std::uint64_t magic = 0x3174637078654261ULL; // "aBexpct1" as bytes
constexpr std::uint64_t format = 3;
constexpr std::uint64_t first_format = 1;
constexpr std::uint64_t geometry_format = 3; // The first that keeps one.
constexpr std::size_t block_units = 1U << 16U;
constexpr std::uint64_t units_most = 1ULL << 36U;
constexpr std::uint64_t unsettled_most = 1ULL << 24U;
constexpr std::uint64_t id_bytes_most = 1024;
constexpr std::uint64_t unit_bytes_most = 1U << 30U;
constexpr std::uint64_t address_most = 1ULL << 62U; // No sum of two runs over.
// After a restart: more generations than a lane can have issued since the last checkpoint.
constexpr std::uint64_t forgotten_most = 1ULL << 28U;

using Header = std::array<std::uint64_t, 13>;
using HeaderGeometry = std::array<std::uint64_t, 2>; // Bytes of a block, count of blocks.

struct CloseFile {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

class Writer {
public:
    explicit Writer(const std::string& path)
        : file_(results::parent_and_leaf(path).first, results::parent_and_leaf(path).second) {}
    void put(const void* data, std::size_t bytes) {
        crc_ = crc32_iscsi(
            static_cast<unsigned char*>(const_cast<void*>(data)), static_cast<int>(bytes), crc_);
        file_.put(data, bytes);
    }
    void word(std::uint64_t value) { put(&value, sizeof value); }
    void sum() { word(crc_); }
    void finish() {
        sum();
        file_.keep();
    }

private:
    results::PartFile file_;
    unsigned crc_ = 0xFFFFFFFFU;
};

class Reader {
public:
    explicit Reader(const std::string& path)
        : path_(path) {
        try {
            const auto [folder, name] = results::parent_and_leaf(path);
            const results::Descriptor file = results::open_file_in(folder, name);
            file_.reset(::fdopen(::fcntl(file.number(), F_DUPFD_CLOEXEC, 0), "rb"));
        } catch (const results::RecordError& error) {
            throw profiles::FileError(error.what());
        }
        if (!file_) {
            fail(std::strerror(errno));
        }
    }
    void get(void* data, std::size_t bytes) {
        if (std::fread(data, 1, bytes, file_.get()) != bytes) {
            fail("ends too early");
        }
        crc_ = crc32_iscsi(static_cast<unsigned char*>(data), static_cast<int>(bytes), crc_);
    }
    std::uint64_t word() {
        std::uint64_t out = 0;
        get(&out, sizeof out);
        return out;
    }
    std::uint64_t word(std::uint64_t most, const char* what) {
        const std::uint64_t out = word();
        if (out > most) {
            fail(fmt::format("{} is {}, wanted at most {}", what, out, most));
        }
        return out;
    }
    void sum(const char* what) {
        const std::uint64_t want = crc_;
        if (word() != want) {
            fail(fmt::format("{} does not match", what));
        }
    }
    void finish() {
        sum("checksum");
        if (std::fgetc(file_.get()) != EOF) {
            fail("goes on after its end");
        }
    }
    [[noreturn]] void fail(const std::string& why) const {
        throw profiles::FileError(fmt::format("{}: not a whole expectation: {}", path_, why));
    }

private:
    std::string path_;
    File file_;
    unsigned crc_ = 0xFFFFFFFFU;
};

void put_state(Writer& to, const UnitState& state) {
    to.word(static_cast<std::uint64_t>(state.kind));
    to.word(state.generation);
    to.word(state.entry);
    to.word(state.epoch);
    to.word(static_cast<std::uint64_t>(state.durable_kind));
    to.word(state.durable_generation);
}

void put_unsettled(Writer& to, const Unsettled& unit) {
    to.word(unit.unit);
    put_state(to, unit.base);
    to.word(unit.base_legal ? 1 : 0);
    to.word(unit.count);
    for (std::size_t i = 0; i < unit.count; ++i) {
        const Version& version = unit.versions[i];
        to.word(version.generation);
        to.word(version.submitted);
        to.word(version.ended);
        to.word(version.landed);
        to.word(version.beside.generation);
        to.word(static_cast<std::uint64_t>(version.beside.kind));
        to.word(version.entry);
        to.word(version.epoch);
        to.word(static_cast<std::uint64_t>(version.kind));
        to.word((version.certain ? 1U : 0U) | (version.unfenced ? 2U : 0U) |
                (version.unknown ? 4U : 0U));
    }
}

std::uint16_t get_epoch(Reader& from) {
    const std::uint64_t out =
        from.word(epoch_coarse_first + std::uint64_t{epoch_coarse_count} - 1, "epoch");
    const bool told = out == epoch_durable || out == epoch_suspect;
    return told ? static_cast<std::uint16_t>(out) : epoch_first; // No flush since is known of.
}

UnitState get_state(Reader& from) {
    UnitState out;
    out.kind = static_cast<ContentKind>(from.word(3, "kind"));
    out.generation = from.word();
    out.entry = static_cast<std::uint32_t>(from.word(dictionary_entries - 1, "dictionary entry"));
    out.epoch = get_epoch(from);
    out.durable_kind = static_cast<ContentKind>(from.word(3, "durable kind"));
    out.durable_generation = from.word();
    return out;
}

Unsettled get_unsettled(Reader& from, std::uint64_t unit_count, std::uint64_t its_format) {
    Unsettled out;
    out.unit = from.word(unit_count - 1, "unsettled unit");
    out.base = get_state(from);
    out.base_legal = from.word(1, "flag") == 1;
    out.count = static_cast<std::uint8_t>(from.word(Unsettled::versions_most, "versions"));
    for (std::size_t i = 0; i < out.count; ++i) {
        Version& version = out.versions[i];
        version.generation = from.word();
        version.submitted = from.word();
        version.ended = from.word();
        if (its_format == first_format) {
            from.word();
            from.word();
        } else {
            version.landed = from.word();
            version.beside.generation = from.word();
            version.beside.kind = static_cast<ContentKind>(from.word(3, "kind beside"));
        }
        version.entry =
            static_cast<std::uint32_t>(from.word(dictionary_entries - 1, "dictionary entry"));
        version.epoch = get_epoch(from);
        version.kind = static_cast<ContentKind>(from.word(3, "kind"));
        const std::uint64_t flags = from.word(7, "flags");
        version.certain = (flags & 1U) != 0;
        version.unfenced = (flags & 2U) != 0;
        version.unknown = (flags & 4U) != 0;
        if (its_format == first_format && version.certain) {
            version.landed = version.ended; // Not later than that.
        }
    }
    return out;
}

// The counts of flushes that stand in it were those of the keeper that is no more.
std::uint64_t as_loaded(std::uint64_t unit, std::uint64_t its_format, std::uint64_t next) {
    const std::uint64_t packed = its_format == first_format ? from_format_1(unit, next) : unit;
    const std::uint16_t epoch = epoch_of(packed);
    const bool told = epoch == epoch_durable || epoch == epoch_suspect;
    return told ? packed : with_epoch(packed, epoch_first);
}

HeaderGeometry get_geometry(Reader& from, const Header& header) {
    HeaderGeometry out{};
    if (header[1] < geometry_format) {
        return out;
    }
    from.get(out.data(), sizeof out);
    const auto [block_bytes, block_count] = out;
    const bool is_known = block_bytes != 0 || block_count != 0;
    const bool sane = !is_known || (block_bytes >= sector_bytes && block_bytes <= unit_bytes_most &&
                                    block_bytes % sector_bytes == 0 &&
                                    block_count <= address_most / block_bytes &&
                                    header[3] + header[4] <= block_count * block_bytes);
    if (!sane) {
        from.fail(fmt::format(
            "{} blocks of {} bytes are no LUN that holds it", block_count, block_bytes));
    }
    return out;
}

// With all that leads the units.
ExpectationSettings get_settings(Reader& from, const Header& header) {
    if (header[0] != magic || header[1] < first_format || header[1] > format) {
        from.fail("another kind of file, or another version of it");
    }
    const bool sane = header[5] >= sector_bytes && header[5] <= unit_bytes_most &&
                      header[5] % sector_bytes == 0 && header[3] % header[5] == 0 &&
                      header[3] <= address_most && header[4] <= address_most &&
                      header[4] >= header[5] && header[4] / header[5] <= units_most &&
                      header[10] <= 1 && header[11] <= id_bytes_most &&
                      header[12] <= unsettled_most;
    if (!sane) {
        from.fail("a size in its header is out of range");
    }
    const auto [block_bytes, block_count] = get_geometry(from, header);
    ExpectationSettings out{.run = header[2],
                            .from_bytes = header[3],
                            .size_bytes = header[4],
                            .unit_bytes = static_cast<std::uint32_t>(header[5]),
                            .block_bytes = static_cast<std::uint32_t>(block_bytes),
                            .block_count = block_count};
    out.lun.resize((header[11] + 7) / 8 * 8);
    from.get(out.lun.data(), out.lun.size());
    out.lun.resize(header[11]);
    if (header[1] >= geometry_format) {
        from.sum("checksum of its head");
    }
    return out;
}

} // namespace

void Expectation::save(const std::string& path, bool finished) const {
    try {
        Writer to(path);
        const std::vector<Unsettled> open = unsettled();
        const std::string id = settings_.lun.substr(0, id_bytes_most);
        const Header header = {magic,
                               format,
                               settings_.run,
                               settings_.from_bytes,
                               settings_.size_bytes,
                               settings_.unit_bytes,
                               next_generation_.load(),
                               next_event_.load(),
                               cut_generation_.load(),
                               strict_from_,
                               finished ? 1U : 0U,
                               id.size(),
                               open.size()};
        to.put(header.data(), sizeof header);
        to.word(settings_.block_bytes);
        to.word(settings_.block_count);
        std::string padded = id;
        padded.resize((id.size() + 7) / 8 * 8);
        to.put(padded.data(), padded.size());
        to.sum();
        for (const Unsettled& unit : open) {
            put_unsettled(to, unit);
        }
        std::vector<std::uint64_t> block(block_units);
        for (std::uint64_t at = 0; at < unit_count_; at += block_units) {
            const std::size_t count =
                static_cast<std::size_t>(std::min<std::uint64_t>(block_units, unit_count_ - at));
            for (std::size_t i = 0; i < count; ++i) {
                block[i] = packed(at + i);
            }
            const bool empty = std::all_of(block.begin(),
                                           block.begin() + static_cast<std::ptrdiff_t>(count),
                                           [](std::uint64_t unit) { return unit == 0; });
            to.word(empty ? 0 : 1);
            if (!empty) {
                to.put(block.data(), count * sizeof(std::uint64_t));
            }
        }
        to.finish();
    } catch (const results::WriteError& error) {
        throw drivers::HostError(error.what());
    }
}

std::unique_ptr<Expectation> Expectation::load(const std::string& path, const Wanted& wanted) {
    Reader from(path);
    Header header{};
    from.get(header.data(), sizeof header);
    const ExpectationSettings settings = get_settings(from, header);
    if (wanted && !wanted(settings)) {
        return nullptr;
    }
    auto out = std::make_unique<Expectation>(settings);
    const bool finished = header[10] == 1;
    out->next_generation_ = finished ? header[6] : header[6] + forgotten_most;
    for (std::uint64_t i = 0; i < header[12]; ++i) {
        out->keep(get_unsettled(from, out->unit_count_, header[1]));
    }
    std::vector<std::uint64_t> block(block_units);
    for (std::uint64_t at = 0; at < out->unit_count_; at += block_units) {
        const std::uint64_t count = std::min<std::uint64_t>(block_units, out->unit_count_ - at);
        if (from.word(1, "block mark") == 1) {
            from.get(block.data(), count * sizeof(std::uint64_t));
            for (std::uint64_t i = 0; i < count; ++i) {
                if (block[i] != 0) { // What is zero takes no memory, whatever the file says.
                    out->units_[at + i] = as_loaded(block[i], header[1], out->next_generation_);
                }
            }
        }
    }
    from.finish();
    out->next_event_ = header[7];
    out->cut_generation_ = header[8];
    out->strict_from_ = finished ? header[9] : out->next_generation_.load();
    return out;
}

} // namespace bench::integrity
