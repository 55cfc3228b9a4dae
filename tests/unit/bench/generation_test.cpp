// SPDX-License-Identifier: Apache-2.0
// However many writes came since: what a unit must hold is known to the last bit, in 8 bytes.
#include "tests/unit/bench/integrity_rig.h"
#include "tests/unit/bench/temporary_file.h"

#include <catch2/catch.hpp>

#include <fstream>
#include <isa-l/crc.h>
#include <random>

using namespace bench::integrity;
using profiles::AccessOp;
using tests::IntegrityRig;
using tests::TemporaryFile;

namespace {

constexpr std::uint64_t turn = 1ULL << 34U; // Where a generation no longer fits the near form.
constexpr std::array<std::uint64_t, 7> starts = {
    1000, turn - 10, turn + 10, 3 * turn, 1ULL << 40U, (1ULL << 42U) - 10, 1ULL << 48U};

UnitState random_state(std::mt19937_64& random) {
    UnitState out;
    out.kind = static_cast<ContentKind>(random() % 3 + 1);
    out.durable_kind = static_cast<ContentKind>(random() % 4);
    const std::uint64_t epoch = random() % 8;
    out.epoch = epoch == 0   ? epoch_durable
                : epoch == 1 ? epoch_suspect
                             : static_cast<std::uint16_t>(epoch_first + random() % epoch_count);
    const std::uint64_t generation = (random() >> (random() % 50 + 14)) + 1;
    out.durable_generation = generation - std::min(generation, random() >> (random() % 40 + 24));
    if (out.kind == ContentKind::duplicate) {
        out.entry = static_cast<std::uint32_t>(random() % dictionary_entries);
    } else {
        out.generation = generation;
    }
    return out;
}

// A word of a format 1 file: the low 34 bits of what is now kept whole.
std::uint64_t in_format_1(std::uint64_t generation) {
    return pack({.kind = ContentKind::stamped,
                 .generation = generation % turn,
                 .durable_kind = ContentKind::stamped,
                 .durable_generation = generation % turn});
}

void put_format_1(const std::string& path,
                  std::uint64_t next_generation,
                  const std::vector<std::uint64_t>& units,
                  const std::vector<std::uint64_t>& unsettled) {
    std::vector<std::uint64_t> words = {0x3174637078654261ULL,
                                        1,
                                        0xA11CE,
                                        0,
                                        units.size() * 4096,
                                        4096,
                                        next_generation,
                                        100,
                                        0,
                                        0,
                                        1,
                                        0,
                                        unsettled.empty() ? 0U : 1U};
    words.insert(words.end(), unsettled.begin(), unsettled.end());
    words.push_back(1);
    words.insert(words.end(), units.begin(), units.end());
    auto* bytes = reinterpret_cast<unsigned char*>(words.data());
    words.push_back(crc32_iscsi(bytes, static_cast<int>(words.size() * 8), 0xFFFFFFFFU));
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(words.data()),
               static_cast<std::streamsize>(words.size() * 8));
}

} // namespace

TEST_CASE("8 bytes hold a unit's state, and never promise more than it did", "[expectation]") {
    std::mt19937_64 random(3);
    for (int i = 0; i < 50'000; ++i) {
        const UnitState state = random_state(random);
        const std::uint64_t packed = pack(state);
        const UnitState back = unpack(packed);
        INFO("generation " << state.generation << ", durable " << state.durable_generation);
        REQUIRE(packed > packed_unknown);
        REQUIRE(back.kind == state.kind);
        REQUIRE(back.entry == state.entry);
        REQUIRE((back.epoch == epoch_durable) == (state.epoch == epoch_durable));
        REQUIRE((back.epoch == epoch_suspect) == (state.epoch == epoch_suspect));
        REQUIRE(epoch_of(packed) == back.epoch);
        const UnitState again = unpack(pack(back)); // However often it is taken out and put back.
        REQUIRE(again.generation == back.generation);
        REQUIRE(again.epoch == back.epoch);
        if (state.kind == ContentKind::stamped) {
            REQUIRE(back.generation == state.generation);
        } else if (state.kind == ContentKind::zero) {
            REQUIRE(back.generation <= state.generation);
            REQUIRE((state.generation >= 1ULL << 42U || state.epoch == epoch_durable ||
                     back.generation == state.generation));
        }
        if (state.epoch == epoch_durable || back.durable_kind == ContentKind::unknown) {
            continue; // Nothing of before counts, or nothing is promised.
        }
        REQUIRE(back.durable_kind == state.durable_kind);
        REQUIRE(back.durable_generation <= state.durable_generation);
        const std::uint64_t behind = std::max(state.generation, state.durable_generation) -
                                     std::min(state.generation, state.durable_generation);
        const bool near = std::max(state.generation, state.durable_generation) < turn;
        if (state.kind == ContentKind::duplicate) {
            REQUIRE(state.durable_generation - back.durable_generation < (near ? 1U : 1U << 16U));
        } else if (state.generation < 1ULL << 42U) {
            const std::uint64_t part = near ? 256 : state.kind == ContentKind::zero ? 1 : 4;
            REQUIRE(state.durable_generation - back.durable_generation <= behind / part);
        }
    }
}

TEST_CASE("of a stamped unit the floor is kept below 2^42 writes of a lane", "[expectation]") {
    for (const auto generation :
         std::vector<std::uint64_t>{turn, 1ULL << 41U, (1ULL << 42U) - 1, 1ULL << 42U}) {
        const UnitState back = unpack(pack({.kind = ContentKind::stamped,
                                            .generation = generation,
                                            .epoch = epoch_first,
                                            .durable_kind = ContentKind::stamped,
                                            .durable_generation = generation - 3}));
        CHECK(back.generation == generation);
        const bool kept = generation < 1ULL << 42U;
        CHECK(back.durable_kind == (kept ? ContentKind::stamped : ContentKind::unknown));
        CHECK((!kept || back.durable_generation == generation - 3));
    }
}

TEST_CASE("a new epoch leaves all else of a unit as it is", "[expectation]") {
    std::mt19937_64 random(4);
    for (int i = 0; i < 20'000; ++i) {
        const UnitState state = random_state(random);
        const UnitState before = unpack(pack(state));
        const UnitState back = unpack(with_epoch(pack(state), epoch_suspect));
        REQUIRE(back.epoch == epoch_suspect);
        REQUIRE(back.kind == before.kind);
        REQUIRE(back.entry == before.entry);
        REQUIRE((back.kind != ContentKind::stamped || back.generation == before.generation));
        REQUIRE((back.durable_kind == ContentKind::unknown || state.epoch == epoch_durable ||
                 back.durable_generation == before.durable_generation));
        const UnitState durable = unpack(with_epoch(pack(state), epoch_durable));
        REQUIRE(durable.epoch == epoch_durable);
        REQUIRE(durable.kind == state.kind);
        REQUIRE((state.kind != ContentKind::stamped || durable.generation == state.generation));
    }
    CHECK(with_epoch(0, epoch_durable) == 0);
    CHECK(pack(unpack(packed_unknown)) == packed_unknown);
}

TEST_CASE("an honest array is silent however many writes came since, a lying one is not",
          "[expectation]") {
    for (const std::uint64_t start : starts) {
        INFO("counter at " << start);
        IntegrityRig rig;
        rig.write(0, 8192); // Long ago.
        rig.write(16384);
        const auto old = rig.lun;
        rig.stop();
        rig.expectation->used_generations_below(start);
        rig.start();
        rig.write(16384);
        rig.write(20480);
        rig.unmap(24576);
        rig.read_all();
        rig.restart();
        rig.read_all();
        REQUIRE(rig.found().empty());
        CHECK(rig.keeper->counts().sectors_checked == 8 * 5);
        const auto now = rig.lun;
        std::copy_n(old.begin() + 16384, 4096, rig.lun.begin() + 16384);
        rig.read_all();
        CHECK(rig.found() == "stale x1");
        CHECK(rig.first().found_stamp.generation == 2);
        CHECK(rig.first().expected_generation >= start);
        rig.lun = now;
        rig.lun[100] ^= std::byte{1};
        rig.read_all();
        CHECK(rig.found() == "stale x1, corrupted x1");
    }
}

TEST_CASE("what a power cut may take is known at any counter", "[expectation]") {
    for (const std::uint64_t start : starts) {
        for (const int shown : {0, 1, 2, 3}) {
            INFO("counter at " << start << ", content " << shown);
            IntegrityRig rig;
            rig.stop();
            rig.expectation->used_generations_below(start);
            rig.start();
            std::vector<std::vector<std::byte>> contents;
            for (int i = 0; i < 4; ++i) {
                rig.write(0);
                contents.push_back(rig.lun);
                if (i == 1) {
                    rig.flush();
                }
            }
            rig.restart(); // Through the 8 bytes.
            rig.power_cut();
            rig.lun = contents.at(static_cast<std::size_t>(shown));
            rig.read(0);
            const bool bounded = start + 4 < 1ULL << 42U; // See README.md.
            CHECK(rig.found() == (shown == 3 ? ""
                                  : shown > 0 || !bounded
                                      ? (bounded ? "unflushed loss x1" : rig.found())
                                      : "lost after power cut x1"));
            CHECK(rig.keeper->findings().accusations() == (shown == 0 && bounded ? 1 : 0));
        }
    }
}

TEST_CASE("a high counter goes to disk and back", "[expectation]") {
    for (const std::uint64_t start : starts) {
        for (const bool finished : {true, false}) {
            INFO("counter at " << start);
            const TemporaryFile file;
            IntegrityRig rig;
            rig.write(0, 8192);
            rig.stop();
            rig.expectation->used_generations_below(start);
            rig.start();
            rig.write(8192);
            const auto old = rig.lun;
            rig.write(8192);
            rig.end(rig.begin(AccessOp::write, 16384, 4096), drivers::Status::lost, false);
            rig.stop();
            rig.expectation->save(file.path(), finished);
            rig.expectation = Expectation::load(file.path());
            CHECK(rig.expectation->next_generation() >= start + 3);
            rig.start();
            rig.read_all();
            CHECK(rig.found().empty());
            std::copy_n(old.begin() + 8192, 4096, rig.lun.begin() + 8192);
            rig.read_all();
            CHECK(rig.found() == "stale x1");
        }
    }
}

TEST_CASE("a file of format 1 is read, and only what it says unmistakably is known",
          "[expectation]") {
    const TemporaryFile file;
    const auto known = [&](std::uint64_t next, std::uint64_t generation) {
        put_format_1(file.path(), next, {in_format_1(generation), 0}, {});
        const auto read = Expectation::load(file.path());
        CHECK(read->packed(1) == 0);
        CHECK(read->next_generation() == next);
        return read->packed(0) == packed_unknown ? 0 : unpack(read->packed(0)).generation;
    };
    CHECK(known(turn, 5) == 5);
    CHECK(known(turn, turn - 1) == turn - 1);
    CHECK(known(turn + 10, 10) == 10);      // 2^34 + 10 has not been issued yet.
    CHECK(known(turn + 10, turn + 9) == 0); // Or 9.
    CHECK(known(turn + 10, 9) == 0);
    CHECK(known(3 * turn, 3 * turn - 1) == 0);
    // An unsettled unit: base and one write of unknown outcome.
    put_format_1(file.path(),
                 8,
                 {in_format_1(5), 0},
                 {0, 1, 5, 0, 0, 1, 5, 1, 1, 7, 90, ~0ULL, 11, 12, 0, 0, 1, 6});
    const auto read = Expectation::load(file.path());
    REQUIRE(read->unsettled().size() == 1);
    const Unsettled unit = read->unsettled().front();
    CHECK(unit.base.generation == 5);
    CHECK(unit.count == 1);
    CHECK(unit.versions[0].generation == 7);
    CHECK(unit.versions[0].unfenced);
    CHECK(unit.versions[0].landed == not_yet);
}

TEST_CASE("how far a lane has come is known to whoever saves meanwhile", "[expectation]") {
    IntegrityRig rig;
    for (int i = 0; i < 9000; ++i) {
        rig.write(0);
    }
    CHECK(rig.expectation->next_generation() > 4000); // Less than a restart allows for behind.
}
