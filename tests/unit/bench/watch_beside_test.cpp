// SPDX-License-Identifier: Apache-2.0
// What the child of a watch sees on a cable, beside what is seen without it.
#include "bench/campaign/egress_watch_array.h"
#include "bench/campaign/handover.h"
#include "bench/campaign/watch_handover.h"
#include "drivers/api/errors.h"
#include "drivers/lab/frame_sender.h"
#include "drivers/lab/network_namespace.h"
#include "drivers/lab/tool.h"
#include "tests/fakes/watched_frames.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <csignal>
#include <memory>
#include <thread>

using namespace bench;
using namespace bench::campaign;
using namespace std::chrono_literals;

namespace {

// A cable in a network of its own. None: only root can lay one.
struct Cable {
    drivers::lab::NetworkNamespace network;

    Cable() {
        ip({"link", "add", "near", "type", "veth", "peer", "name", "far"});
        for (const char* const end : {"near", "far"}) {
            ip({"link", "set", end, "addrgenmode", "none"});
            ip({"link", "set", end, "up"});
        }
    }
    void ip(std::vector<std::string> words) const {
        words.insert(words.begin(), "ip");
        drivers::lab::run_tool(words, "", network.descriptor(), {});
    }
};

std::unique_ptr<Cable> cable() {
    try {
        return std::make_unique<Cable>();
    } catch (const drivers::HostError& error) {
        WARN("LEFT OUT: no network of its own: " << error.what());
        return nullptr;
    }
}

ArrayWatchSettings at(const Cable& where) {
    ArrayWatchSettings out;
    out.orders = tests::watch_orders({"far"});
    out.network = where.network.descriptor();
    out.program = tests::arraybench_program();
    return out;
}

// The same watch without a child, beside it.
struct Beside {
    std::unique_ptr<TapAnalysis> watch;

    Beside(const WatchOrders& orders, const Cable& where) {
        TapAnalysis::Taps taps;
        where.network.run_inside(
            [&] { taps.push_back(drivers::capture::PcapSource::open_live(orders.taps[0])); });
        watch = std::make_unique<TapAnalysis>(orders, std::move(taps), [] {});
    }
    void take(std::uint64_t frames) const {
        const auto until = std::chrono::steady_clock::now() + 20s;
        while (watch->books().frames < frames && std::chrono::steady_clock::now() < until) {
            (void)watch->take_frames();
            std::this_thread::yield();
        }
    }
};

std::string file_of(const WatchAccount& account, const std::string& name) {
    for (const auto& [each, content] : account.files) {
        if (each == name) {
            return content;
        }
    }
    return "";
}

} // namespace

TEST_CASE("with a child and without one the same is seen", "[egress]") {
    const auto where = cable();
    if (!where) {
        return;
    }
    const ArrayWatchSettings settings = at(*where);
    ArrayWatch by_child(settings);
    const Beside beside(settings.orders, *where);
    const egress::Markers markers(*settings.orders.marker_key);
    constexpr std::size_t frames = 3000;
    where->network.run_inside([&] {
        drivers::lab::FrameSender sender("near");
        std::uint64_t sent = 0;
        for (const auto& frame : tests::watched_frames(frames)) {
            if (++sent == frames / 2) {
                REQUIRE(by_child.books()->frames == sent - 1);
                beside.take(sent - 1);
                by_child.begin_phase("load");
                beside.watch->tell(
                    {.kind = WatchWord::Kind::phase, .at_ns = utc_now_ns(), .text = "load"});
                (void)beside.watch->take_frames();
                const egress::Marker marker{1, utc_now_ns(), 0};
                by_child.send_marker(0, marker);
                beside.watch->tell({.kind = WatchWord::Kind::marker,
                                    .at_ns = marker.sent_ns,
                                    .number = marker.number});
                REQUIRE(sender.send(markers.frame({sender.address(), {}}, marker)));
            }
            REQUIRE(sender.send(frame));
        }
    });
    REQUIRE(by_child.books()->frames == frames);
    beside.take(frames);
    beside.watch->finish();
    const WatchAccount seen = by_child.account();
    WatchKnown known;
    known.array = settings.orders.array;
    known.captured_by = settings.orders.captured_by;
    known.phases = {"load"};
    known.taps = {{"far", 1}};
    const WatchAccount wanted = account_from(handover_bytes(watch_handover(*beside.watch)), known);
    REQUIRE(seen.records.size() == wanted.records.size());
    for (std::size_t i = 0; i < seen.records.size(); ++i) {
        const results::EgressRecord& one = seen.records[i];
        const results::EgressRecord& other = wanted.records[i];
        INFO("phase " << one.phase);
        CHECK(one.phase == other.phase);
        CHECK(one.frames == other.frames);
        CHECK(one.captured_bytes == other.captured_bytes);
        CHECK(one.allowed_bytes == other.allowed_bytes);
        CHECK(one.unlisted_bytes == other.unlisted_bytes);
        CHECK(one.undecoded_bytes == other.undecoded_bytes);
        CHECK(one.not_measured == other.not_measured);
    }
    CHECK(seen.records[0].taps->at(0).markers_lost == 0);
    REQUIRE_FALSE(wanted.findings.empty());
    REQUIRE(seen.findings.size() == wanted.findings.size());
    for (std::size_t i = 0; i < seen.findings.size(); ++i) {
        CHECK(seen.findings[i].kind == wanted.findings[i].kind);
        CHECK(seen.findings[i].summary == wanted.findings[i].summary);
        CHECK(seen.findings[i].details == wanted.findings[i].details);
        CHECK(seen.findings[i].phase == wanted.findings[i].phase);
    }
    for (const auto& [name, content] : wanted.files) {
        if (!name.starts_with("report.")) { // These say how long each of them watched.
            INFO(name);
            CHECK(file_of(seen, name) == content);
        }
    }
}

TEST_CASE("a leak before the child was killed is not forgotten", "[egress]") {
    const auto where = cable();
    if (!where) {
        return;
    }
    const ArrayWatchSettings settings = at(*where);
    ArrayWatch watch(settings);
    where->network.run_inside([&] {
        drivers::lab::FrameSender sender("near");
        for (const auto& frame : tests::watched_frames(10)) {
            REQUIRE(sender.send(frame));
        }
    });
    const auto books = watch.books();
    REQUIRE(books);
    REQUIRE(books->unlisted_bytes > 0);
    REQUIRE(::kill(watch.process_id(), SIGKILL) == 0);
    const WatchAccount account = watch.account();
    CHECK(account.records.at(0).unlisted_bytes == books->unlisted_bytes);
    REQUIRE(account.findings.size() == 1);
    CHECK(account.findings[0].severity == "finding");
}
