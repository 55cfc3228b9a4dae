// SPDX-License-Identifier: Apache-2.0
// What a controller puts off, leaves out or refuses, and what a host may leave empty.
#include "drivers/api/errors.h"
#include "drivers/nvme_tcp/nvme_tcp_driver.h"
#include "drivers/wire/little_endian.h"
#include "drivers/wire/nvme_ana_reader.h"
#include "tests/fakes/nvme_array.h"
#include "tests/unit/drivers/scripted_controller.h"

#include <catch2/catch.hpp>

#include <poll.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <functional>
#include <optional>
#include <vector>

namespace nvme = drivers::wire::nvme;
using drivers::Completion;
using drivers::Op;
using drivers::Status;
using drivers::nvme_tcp::NvmeTcpDriver;
using drivers::wire::nvme::AnaReader;
using tests::ScriptedController;
using tests::ScriptedPeer;

namespace {

using Entry = nvme::SubmissionEntry;

// Refuses the first commands, then answers as it should.
ScriptedController::Script refuse(std::size_t first, std::uint16_t status, bool again = true) {
    return [=](ScriptedPeer& peer, const Entry& entry) {
        if (peer.commands <= first) {
            const std::uint16_t more = again ? 0 : nvme::do_not_retry_bit >> 1;
            peer.answer(entry.command_id, static_cast<std::uint16_t>(status | more));
            return;
        }
        if (entry.opcode == nvme::opcode_read) {
            const std::vector<std::byte> data(entry.sgl_bytes, std::byte{7});
            peer.data(entry.command_id, 0, data, nvme::flag_last);
        }
        peer.answer(entry.command_id);
    };
}

struct Bench {
    explicit Bench(ScriptedController::Script script,
                   drivers::Duration ready_timeout = std::chrono::seconds(20),
                   bool has_other_paths = false,
                   ScriptedController::AdminScript admin = {})
        : controller(std::move(script)) {
        controller.change_admin(std::move(admin));
        drivers::nvme_tcp::Settings settings;
        settings.host = "127.0.0.1";
        settings.port = controller.port();
        settings.subsystem_nqn = tests::nvme_array_nqn;
        settings.depth = 4;
        settings.reconnects = false;
        settings.ready_timeout = ready_timeout;
        settings.has_other_paths = has_other_paths;
        driver = std::make_unique<NvmeTcpDriver>(settings, clock);
    }

    Completion run(Op op, std::size_t blocks = 1) {
        data.assign(blocks * 512, std::byte{1});
        drivers::Request request;
        request.op = op;
        request.range = {0, blocks};
        request.data = data;
        REQUIRE(driver->submit(request));
        std::array<Completion, 2> out{};
        for (int i = 0; i < 20000; ++i) {
            const std::size_t count = driver->poll(out);
            if (count > 0) {
                CHECK(count == 1);
                return out[0];
            }
            pollfd fd{.fd = driver->wait_fd(), .events = POLLIN, .revents = 0};
            ::poll(&fd, 1, 1);
        }
        FAIL("no completion");
        return {};
    }

    drivers::MonotonicClock clock;
    ScriptedController controller;
    std::unique_ptr<NvmeTcpDriver> driver;
    std::vector<std::byte> data;
};

} // namespace

TEST_CASE("what a controller puts off is sent again until it is done", "[nvme][put_off]") {
    const std::uint16_t status = GENERATE(as<std::uint16_t>{},
                                          nvme::status_transient,
                                          nvme::status_transport_error,
                                          nvme::status_namespace_not_ready,
                                          nvme::status_internal_path_error,
                                          nvme::status_host_path_error,
                                          nvme::status_ana_transition,
                                          nvme::status_ana_inaccessible);
    const Op op = GENERATE(Op::read, Op::write);
    Bench bench(refuse(3, status));
    CHECK(bench.run(op).status == Status::good);
    CHECK(bench.driver->put_off().times == 3);
    CHECK(bench.driver->put_off().attentions == 0);
    CHECK(bench.driver->put_off().longest >=
          std::chrono::milliseconds(3)); // 1 + 2 before the last.
    CHECK(bench.run(op).status == Status::good);
    CHECK(bench.driver->put_off().times == 3);
}

TEST_CASE("patience ends, and says that nothing was done only where that is so",
          "[nvme][put_off]") {
    const auto patience = std::chrono::milliseconds(30);
    Bench transition(refuse(100000, nvme::status_ana_transition), patience);
    CHECK(transition.run(Op::write).status == Status::busy);
    CHECK(transition.driver->put_off().longest >= patience);
    Bench interrupted(refuse(100000, nvme::status_transient), patience);
    CHECK(interrupted.run(Op::read).status == Status::busy);
    CHECK(interrupted.run(Op::write).status == Status::failed); // Some of it may have been written.
    Bench path(refuse(100000, nvme::status_internal_path_error), patience);
    CHECK(path.run(Op::read).status == Status::busy);
    CHECK(path.run(Op::write).status == Status::failed);
    Bench none(refuse(100000, nvme::status_namespace_not_ready), std::chrono::seconds(0));
    CHECK(none.run(Op::read).status == Status::busy);
    CHECK(none.driver->put_off().times == 0);
}

TEST_CASE("what must not be tried again is not, nor what another path is spared",
          "[nvme][put_off]") {
    Bench told(refuse(1, nvme::status_namespace_not_ready, false));
    CHECK(told.run(Op::read).status == Status::busy);
    CHECK(told.driver->put_off().times == 0);
    Bench one_of_two(refuse(1, nvme::status_ana_transition), std::chrono::seconds(20), true);
    const Completion done = one_of_two.run(Op::read);
    CHECK(done.status == Status::busy);
    CHECK(done.sense == nvme::status_ana_transition);
    Bench busy_anyhow(refuse(1, nvme::status_namespace_not_ready), std::chrono::seconds(20), true);
    CHECK(busy_anyhow.run(Op::read).status == Status::good);
    Bench lost(refuse(1, nvme::status_ana_persistent_loss));
    CHECK(lost.run(Op::read).status == Status::failed);
}

namespace {

std::vector<std::byte> ana_page(std::uint32_t groups, std::uint32_t members) {
    std::vector<nvme::AnaGroup> all;
    for (std::uint32_t group = groups; group > 0; --group) { // The first is the last.
        all.push_back(
            {.group = group,
             .state = group == 1 ? nvme::AnaState::non_optimized : nvme::AnaState::optimized,
             .namespaces = std::vector<std::uint32_t>(members, group)});
    }
    return nvme::make_ana_log(1, all);
}

} // namespace

TEST_CASE("an ANA log is read in pieces that fit the smallest MDTS and end where it ends",
          "[nvme][ana]") {
    const std::uint32_t groups = GENERATE(1U, 3U, 128U, 1000U);
    const std::uint32_t members = GENERATE(0U, 1U, 5000U);
    const auto page = ana_page(groups, members);
    AnaReader reader(1);
    std::size_t pieces = 0;
    for (auto piece = reader.next(); piece.bytes > 0; piece = reader.next()) {
        REQUIRE(piece.bytes <= AnaReader::piece_bytes_max);
        REQUIRE(piece.offset + piece.bytes <= page.size());
        reader.take(std::span(page).subspan(piece.offset, piece.bytes));
        ++pieces;
    }
    REQUIRE(reader.state());
    CHECK(*reader.state() == nvme::AnaState::non_optimized);
    CHECK(pieces <= groups + 1);
    AnaReader absent(groups + 1);
    for (auto piece = absent.next(); piece.bytes > 0; piece = absent.next()) {
        absent.take(std::span(page).subspan(piece.offset, piece.bytes));
    }
    CHECK_FALSE(absent.state());
}

TEST_CASE("an ANA log that lies about its members ends the reading", "[nvme][ana]") {
    AnaReader reader(7);
    std::vector<std::byte> piece(AnaReader::piece_bytes_max, std::byte{0xFF});
    std::size_t pieces = 0;
    for (auto next = reader.next(); next.bytes > 0; next = reader.next()) {
        reader.take(std::span(piece).first(next.bytes));
        REQUIRE(++pieces <= 5000);
    }
    CHECK_FALSE(reader.state());
}

namespace {

// What Connect with these names comes to: status, and where the fault is said to be.
std::pair<std::uint16_t, std::uint32_t> connected(const tests::NvmeArray& array,
                                                  const std::string& subsystem,
                                                  const std::string& host,
                                                  std::uint16_t controller = nvme::any_controller) {
    drivers::MonotonicClock clock;
    const auto deadline = clock.now() + std::chrono::seconds(10);
    drivers::nvme_tcp::Queue queue(
        drivers::nvme_tcp::connect_tcp("127.0.0.1", array.port(), clock, deadline), 32, {});
    queue.initialize(clock, deadline);
    std::array<std::byte, nvme::connect_data_bytes> data{};
    data[0] = std::byte{1};
    drivers::wire::put_le(std::span<std::byte>(data), 16, controller);
    std::memcpy(data.data() + 256, subsystem.data(), subsystem.size());
    std::memcpy(data.data() + 512, host.data(), host.size());
    const auto answer = queue.execute({.entry = nvme::connect_command({.queue_entries = 32}),
                                       .data = data,
                                       .to_controller = true},
                                      clock,
                                      deadline);
    return {answer.status_code(), answer.dword0};
}

} // namespace

TEST_CASE("a host may leave its name empty, and a refusal points at the field that is wrong",
          "[nvme][array]") {
    const tests::NvmeArray array;
    const std::string nqn = tests::nvme_array_nqn;
    CHECK(connected(array, nqn, "nqn.2014-08.org.x:h").first == 0);
    CHECK(connected(array, nqn, "").first == 0);
    using Refusal = std::pair<std::uint16_t, std::uint32_t>;
    constexpr std::uint32_t in_data = 1U << 16U;
    const std::uint16_t invalid = nvme::status_connect_invalid_parameters;
    CHECK(connected(array, nqn, std::string(224, 'x')) == Refusal{invalid, in_data | 512U});
    CHECK(connected(array, "", "nqn.2014-08.org.x:h") == Refusal{invalid, in_data | 256U});
    CHECK(connected(array, nqn + "y", "") == Refusal{invalid, in_data | 256U});
    CHECK(connected(array, nqn, "", 77) == Refusal{invalid, in_data | 16U});
}

TEST_CASE("a digest that is asked for and not granted is no connection", "[nvme][array]") {
    drivers::array::NvmePortalSettings door;
    door.data_digest = false;
    tests::NvmeArray array(tests::nvme_array_settings(), door);
    auto settings = array.settings();
    settings.digests = {.header = true, .data = true};
    CHECK_THROWS_WITH(NvmeTcpDriver(settings, array.clock()), Catch::Contains("a data digest"));
    settings.digests = {.header = true, .data = false};
    CHECK_NOTHROW(NvmeTcpDriver(settings, array.clock()));
}

TEST_CASE("an array that stays away is given up with its reason", "[nvme][array]") {
    auto array = std::make_unique<tests::NvmeArray>();
    auto settings = array->settings();
    settings.reconnect_timeout = std::chrono::milliseconds(50);
    drivers::MonotonicClock clock;
    NvmeTcpDriver driver(settings, clock);
    CHECK(driver.ended() == drivers::DriverEnd::none);
    array.reset();
    std::array<Completion, 1> out{};
    for (int i = 0; i < 10000 && driver.ended() == drivers::DriverEnd::none; ++i) {
        CHECK(driver.poll(out) == 0);
        pollfd fd{.fd = driver.wait_fd(), .events = POLLIN, .revents = 0};
        ::poll(&fd, 1, 1);
    }
    CHECK(driver.ended() == drivers::DriverEnd::lost);
    const std::string reason(driver.end_reason());
    CHECK_THAT(reason,
               Catch::Contains("closed the connection") && Catch::Contains(settings.subsystem_nqn));
}

namespace {

// A controller that ends the first requests for events with an error, offers events or not, and
// shows another namespace in the same place when told to.
struct DeafBench {
    explicit DeafBench(unsigned errors, bool offers_events = true)
        : errors_wanted(errors)
        , bench(refuse(0, 0),
                std::chrono::seconds(20),
                false,
                [this, offers_events](const Entry& entry, std::vector<std::byte>& out) {
                    return change(entry, out, offers_events);
                }) {}

    std::optional<std::uint16_t>
    change(const Entry& entry, std::vector<std::byte>& out, bool offers_events) {
        if (entry.opcode == nvme::opcode_async_event) {
            return ++events <= errors_wanted ? std::optional(nvme::status_abort_requested)
                                             : std::nullopt;
        }
        if (entry.opcode != nvme::opcode_identify) {
            return std::nullopt;
        }
        const std::uint32_t structure = entry.dword10 & 0xFFU;
        if (structure == nvme::identify_controller && !offers_events) {
            std::fill_n(out.begin() + 92, 4, std::byte{0}); // OAES
        } else if (structure == nvme::identify_namespace) {
            ++identities;
            out[104] ^= is_another ? std::byte{0xFF} : std::byte{0}; // NGUID
        } else if (structure == nvme::identify_namespace_descriptors) {
            out[4] ^= is_another ? std::byte{0xFF} : std::byte{0};
        }
        return std::nullopt;
    }

    void hear(std::chrono::milliseconds most, const std::function<bool()>& until) {
        std::array<Completion, 1> out{};
        const auto end = bench.clock.now() + most;
        while (bench.clock.now() < end && !until()) {
            CHECK(bench.driver->poll(out) == 0);
            pollfd fd{.fd = bench.driver->wait_fd(), .events = POLLIN, .revents = 0};
            ::poll(&fd, 1, 1);
        }
    }
    bool has_ended() const { return bench.driver->ended() != drivers::DriverEnd::none; }

    unsigned errors_wanted;
    std::atomic<unsigned> events{0};
    std::atomic<unsigned> identities{0};
    std::atomic<bool> is_another{false};
    Bench bench;
};

} // namespace

TEST_CASE("a request for events that ends with an error is sent again, and the identity asked",
          "[nvme][identity]") {
    DeafBench deaf(3);
    deaf.hear(std::chrono::seconds(10), [&] { return deaf.events == 4 && deaf.identities > 1; });
    CHECK(deaf.events == 4);
    CHECK(deaf.identities > 1);
    CHECK(deaf.bench.run(Op::write).status == Status::good);
    CHECK_FALSE(deaf.has_ended());
}

TEST_CASE("a controller that gives no events is asked from time to time who it shows",
          "[nvme][identity]") {
    const bool offers_events = GENERATE(false, true);
    DeafBench deaf(offers_events ? 100000 : 0, offers_events);
    CHECK(deaf.bench.run(Op::write).status == Status::good);
    const unsigned tries = offers_events ? 8 : 1;
    deaf.hear(std::chrono::seconds(10), [&] { return deaf.events == tries; });
    deaf.hear(std::chrono::milliseconds(100), [] { return false; });
    CHECK(deaf.events == tries);
    CHECK_FALSE(deaf.has_ended());
    const unsigned before = deaf.identities;
    deaf.hear(std::chrono::seconds(10), [&] { return deaf.identities > before; });
    CHECK(deaf.bench.run(Op::write).status == Status::good);
    CHECK_FALSE(deaf.has_ended()); // The same one answers.
    deaf.is_another = true;
    deaf.hear(std::chrono::seconds(10), [&] { return deaf.has_ended(); });
    CHECK(deaf.bench.driver->ended() == drivers::DriverEnd::another_lun);
}
