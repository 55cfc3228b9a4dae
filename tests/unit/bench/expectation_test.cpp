// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/flush_epochs.h"
#include "drivers/api/errors.h"
#include "profiles/file_error.h"
#include "tests/unit/bench/integrity_rig.h"
#include "tests/unit/bench/temporary_file.h"

#include <catch2/catch.hpp>

#include <fstream>

using namespace bench::integrity;
using profiles::AccessOp;
using tests::IntegrityRig;
using tests::TemporaryFile;

namespace {

std::vector<char> bytes_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void put_bytes(const std::string& path, const std::vector<char>& bytes) {
    std::ofstream(path, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// Stops the rig's keeper, brings the expectation to disk and back, and starts again.
void reload(IntegrityRig& rig, const std::string& path, bool finished) {
    if (finished) {
        rig.stop();
    }
    rig.expectation->save(path, finished);
    rig.stop();
    rig.expectation = Expectation::load(path);
    rig.start();
}

} // namespace

TEST_CASE("a flush covers what was acknowledged before it began, for ever after", "[expectation]") {
    FlushEpochs epochs;
    const std::uint16_t old = epochs.now();
    CHECK_FALSE(epochs.is_durable(old));
    const std::uint64_t flush = epochs.begin();
    const std::uint16_t after_begin = epochs.now();
    epochs.done(flush);
    CHECK(epochs.is_durable(old));
    CHECK_FALSE(epochs.is_durable(after_begin));
    epochs.open_cut();
    const std::uint64_t during = epochs.begin();
    epochs.done(during);
    CHECK_FALSE(epochs.is_durable(after_begin));
    CHECK(epochs.is_suspect(after_begin));
    epochs.close_cut();
    epochs.done(epochs.begin());
    CHECK(epochs.is_durable(after_begin));
    CHECK_FALSE(epochs.is_durable(epoch_suspect));
    CHECK(epochs.is_durable(epoch_durable));
}

TEST_CASE("an epoch that came round again never counts as more durable than it is",
          "[expectation]") {
    FlushEpochs epochs;
    epochs.done(epochs.begin());
    for (int i = 0; i < 5000; ++i) { // None of these completes.
        epochs.begin();
        CHECK_FALSE(epochs.is_durable(epochs.now()));
    }
}

TEST_CASE("an epoch kept in fewer bits never counts as more durable than it is, and once flushed "
          "and round again counts as durable",
          "[expectation]") {
    FlushEpochs epochs;
    UnitState state{.kind = ContentKind::stamped, .generation = 1ULL << 40U};
    for (int i = 0; i < 600; ++i) {
        state.epoch = epochs.now();
        const std::uint16_t kept = unpack(pack(state)).epoch;
        REQUIRE(kept >= epoch_coarse_first);
        REQUIRE_FALSE(epochs.is_durable(kept));
        const std::uint64_t flush = epochs.begin();
        REQUIRE_FALSE(epochs.is_durable(kept)); // Begun is not ended.
        epochs.done(flush);
        REQUIRE(epochs.is_durable(kept));
    }
}

TEST_CASE("a finished expectation comes back from disk as strict as it was", "[expectation]") {
    const TemporaryFile file;
    IntegrityRig rig;
    rig.write(0, 65536);
    rig.unmap(65536);
    rig.write(131072);
    rig.end(rig.begin(AccessOp::write, 131072, 4096), drivers::Status::lost, false);
    rig.flush();
    reload(rig, file.path(), true);
    rig.read_all();
    CHECK(rig.found().empty());
    CHECK(rig.keeper->is_unfenced(131072, 4096));
    rig.lun[100] ^= std::byte{1};
    std::fill_n(rig.lun.begin() + 8192, 4096, std::byte{0});
    rig.lun[65536] = std::byte{1};
    rig.read_all();
    CHECK(rig.found() == "zeroed x1, corrupted x1, unmapped but not zero x1");
    rig.write(0);
    rig.read(0);
    CHECK(rig.keeper->findings().kept().size() == 3);
}

TEST_CASE("acknowledgements after the last checkpoint are unknown, never findings",
          "[expectation]") {
    const TemporaryFile file;
    IntegrityRig rig;
    rig.write(0, 65536);
    const auto at_checkpoint = rig.lun;
    rig.expectation->save(file.path(), false);
    rig.write(4096);
    rig.unmap(8192);
    profiles::Access access;
    access.op = AccessOp::write;
    access.kind = profiles::Content::duplicate;
    access.offset_bytes = 12288;
    access.size_bytes = 4096;
    const auto io = rig.begin(access);
    rig.land(io);
    rig.end(io);
    rig.stop();
    rig.expectation = Expectation::load(file.path());
    rig.start();
    rig.read_all();
    CHECK(rig.found().empty());
    // What was acknowledged before the checkpoint must still be there or have been overwritten.
    rig.lun[20480] ^= std::byte{1};
    rig.read(20480);
    CHECK(rig.found() == "corrupted x1");
    // What is written from now on is held to strictly.
    rig.write(24576);
    std::copy_n(at_checkpoint.begin() + 24576, 4096, rig.lun.begin() + 24576);
    rig.read(24576);
    CHECK(rig.found() == "stale x1, corrupted x1");
}

TEST_CASE("what was unmapped and not written since is told as stretches", "[expectation]") {
    IntegrityRig rig;
    rig.write(0, 65536);
    CHECK(rig.expectation->emptied().empty());
    rig.unmap(8192, 16384);
    rig.unmap(40960);
    rig.write(12288);
    rig.stop();
    CHECK(rig.expectation->emptied() ==
          std::vector<ByteRange>{{8192, 4096}, {16384, 8192}, {40960, 4096}});
    rig.start();
    rig.write(0, 65536);
    rig.stop();
    CHECK(rig.expectation->emptied().empty());
}

TEST_CASE("a lost write from before the checkpoint is found after a restart", "[expectation]") {
    const TemporaryFile file;
    IntegrityRig rig;
    rig.write(0);
    rig.lost_write(0);
    rig.restart(); // Settles.
    reload(rig, file.path(), false);
    rig.read(0);
    CHECK(rig.found() == "stale x1");
}

TEST_CASE("a damaged or foreign file is refused, whatever byte of it is wrong", "[expectation]") {
    const TemporaryFile file;
    IntegrityRig rig;
    rig.write(0, 16384);
    rig.end(rig.begin(AccessOp::write, 0, 4096), drivers::Status::lost, false);
    rig.stop();
    rig.expectation->save(file.path(), true);
    CHECK_NOTHROW(Expectation::load(file.path()));
    const std::vector<char> good = bytes_of(file.path());
    for (std::size_t at = 0; at < good.size(); at += at < 400 ? 1 : 37) {
        auto bad = good;
        bad[at] = static_cast<char>(bad[at] ^ 0x81);
        put_bytes(file.path(), bad);
        INFO("byte " << at);
        REQUIRE_THROWS_AS(Expectation::load(file.path()), profiles::FileError);
    }
    for (const std::size_t size : {std::size_t{0}, std::size_t{50}, good.size() - 1}) {
        put_bytes(file.path(), {good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)});
        CHECK_THROWS_AS(Expectation::load(file.path()), profiles::FileError);
    }
    CHECK_THROWS_AS(Expectation::load("/nonexistent/expectation"), profiles::FileError);
}

TEST_CASE("1 TiB in units of 4 KiB takes 2 GiB of address space and only touched pages of memory",
          "[expectation]") {
    Expectation whole({.run = 1, .size_bytes = 1ULL << 40U});
    CHECK(whole.unit_count() * sizeof(std::uint64_t) == 2ULL << 30U);
    whole.store(whole.unit_count() - 1, 7);
    CHECK(whole.packed(whole.unit_count() - 1) == 7);
    CHECK(whole.packed(12345) == 0);
}

TEST_CASE("what two lanes write belongs to neither", "[expectation]") {
    const auto lanes = uncontested({{{0, 100}, {200, 100}}, {{90, 50}, {300, 10}}, {{240, 10}}});
    CHECK(lanes[0] == std::vector<ByteRange>{{0, 90}, {200, 40}, {250, 50}});
    CHECK(lanes[1] == std::vector<ByteRange>{{100, 40}, {300, 10}});
    CHECK(lanes[2].empty());
}

TEST_CASE("a keeper judges and remembers only its own ranges", "[expectation]") {
    KeeperSettings settings;
    settings.ranges = std::vector<ByteRange>{{8192, 8192}, {65536, 4096 + 100}};
    IntegrityRig rig(settings);
    rig.write(0, 131072);
    std::fill_n(rig.lun.begin(), 131072, std::byte{0});
    rig.read(0, 131072);
    CHECK(rig.found() == "zeroed x2");
    CHECK(rig.keeper->counts().sectors_checked == 24);
    settings.ranges = std::vector<ByteRange>{{IntegrityRig::lun_bytes, 4096}};
    CHECK_THROWS_AS(Keeper(*rig.expectation, settings), drivers::UsageError);
}

TEST_CASE("without verification writes are stamped and what was known is forgotten",
          "[expectation]") {
    IntegrityRig rig;
    rig.write(0);
    rig.stop();
    {
        KeeperSettings settings;
        settings.verify = Verify::none;
        Keeper blind(*rig.expectation, settings);
    }
    rig.start();
    std::fill_n(rig.lun.begin(), 4096, std::byte{0});
    rig.read(0);
    CHECK(rig.found().empty());
}

TEST_CASE("sampling judges about the share that was asked for", "[expectation]") {
    KeeperSettings settings;
    settings.verify = Verify::sample;
    settings.sample_one_in = 8;
    IntegrityRig rig(settings);
    rig.write(0);
    for (int i = 0; i < 8000; ++i) {
        rig.read(0);
    }
    const std::uint64_t judged = rig.keeper->counts().sectors_checked / 8;
    CHECK(judged > 850);
    CHECK(judged < 1150);
}
