// SPDX-License-Identifier: Apache-2.0
#include "drivers/iscsi/pdu_watch.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <string_view>
#include <vector>

using namespace drivers::iscsi;
using drivers::wire::iscsi::BasicHeader;
using drivers::wire::iscsi::make_header;
using drivers::wire::iscsi::Opcode;
using drivers::wire::iscsi::Word;
namespace flag = drivers::wire::iscsi::flag;

namespace {

using Stream = std::vector<std::byte>;

void put(Stream& out, BasicHeader header, std::size_t data_bytes = 0, bool digest = false) {
    header.set_data_bytes(data_bytes);
    out.insert(out.end(), header.bytes.begin(), header.bytes.end());
    const std::size_t padding = (4 - data_bytes % 4) % 4;
    out.insert(out.end(), (digest ? 4 : 0) + data_bytes + padding, std::byte{0xA5});
}

Stream login_end() {
    Stream out;
    put(out, make_header(Opcode::login_response, flag::final | 1U << 2U | 3U, 0), 57);
    return out;
}

Stream command(std::uint32_t tag, std::uint8_t direction, std::uint32_t bytes) {
    Stream out;
    BasicHeader header = make_header(Opcode::scsi_command, flag::final | direction, tag);
    header.set(Word::expected_transfer_bytes, bytes);
    put(out, header);
    return out;
}

Stream data_in(std::uint32_t tag, std::uint32_t offset, std::size_t bytes, std::uint8_t flags = 0) {
    Stream out;
    BasicHeader header = make_header(Opcode::data_in, flags, tag);
    header.set(Word::buffer_offset, offset);
    put(out, header, bytes);
    return out;
}

Stream asks_for(std::uint32_t tag, std::uint32_t offset, std::uint32_t bytes) {
    Stream out;
    BasicHeader header = make_header(Opcode::ready_to_transfer, flag::final, tag);
    header.set(Word::buffer_offset, offset);
    header.set(Word::desired_bytes, bytes);
    put(out, header);
    return out;
}

// The last of the data that a request asked for, as libiscsi sends it.
Stream data_out(std::uint32_t tag, std::uint32_t transfer_tag, std::size_t bytes) {
    Stream out;
    BasicHeader header = make_header(Opcode::data_out, flag::final, tag);
    header.set(Word::target_transfer_tag, transfer_tag);
    put(out, header, bytes);
    return out;
}

Stream answer(Opcode opcode, std::uint32_t tag, std::size_t bytes = 0) {
    Stream out;
    put(out, make_header(opcode, flag::final, tag), bytes);
    return out;
}

// A watch behind whose login two commands are out: task 1 reads 8 KiB, task 2 writes 8 KiB, task 3
// moves nothing.
PduWatch after_login(PduWatch::Terms terms = {}) {
    PduWatch out(terms);
    REQUIRE(out.received(login_end()));
    out.sent(command(1, flag::read, 8192));
    out.sent(command(2, flag::write, 8192));
    out.sent(command(3, 0, 0));
    return out;
}

std::string fault_of(const std::vector<Stream>& what, PduWatch::Terms terms = {}) {
    PduWatch watch = after_login(terms);
    for (const Stream& one : what) {
        if (!watch.received(one)) {
            CHECK_FALSE(watch.received(answer(Opcode::nop_in, 9))); // And it stays so.
            return watch.fault();
        }
    }
    return "";
}

} // namespace

TEST_CASE("an honest target is let through, however its bytes are cut", "[iscsi]") {
    Stream all;
    for (const Stream& one : {answer(Opcode::nop_in, 0xFFFFFFFF),
                              data_in(1, 0, 4096),
                              asks_for(2, 0, 4096),
                              data_in(1, 4096, 4096, flag::final | flag::has_status),
                              asks_for(2, 4096, 4096),
                              answer(Opcode::scsi_response, 2, 3),
                              answer(Opcode::async_message, 0xFFFFFFFF),
                              answer(Opcode::scsi_response, 3, 20),
                              answer(Opcode::task_management_response, 4),
                              answer(Opcode::text_response, 5, 1000),
                              answer(Opcode::reject, 6, 48),
                              answer(Opcode::logout_response, 7)}) {
        all.insert(all.end(), one.begin(), one.end());
    }
    for (std::size_t cut = 1; cut < 200; ++cut) {
        PduWatch watch = after_login();
        for (std::size_t at = 0; at < all.size(); at += cut) {
            REQUIRE(watch.received(std::span(all).subspan(at, std::min(cut, all.size() - at))));
        }
        REQUIRE(watch.fault().empty());
    }
}

TEST_CASE("what no honest target sends is stopped before libiscsi acts on it", "[iscsi]") {
    using Catch::Contains;
    CHECK_THAT(fault_of({data_in(2, 0, 512)}), Contains("asked for none")); // A write.
    CHECK_THAT(fault_of({data_in(3, 0, 512)}), Contains("asked for none"));
    CHECK_THAT(fault_of({data_in(77, 0, 512)}), Contains("asked for none"));
    CHECK_THAT(fault_of({data_in(1, 8000, 512)}), Contains("up to byte 8512"));
    CHECK_THAT(fault_of({data_in(1, 0xFFFFFE00, 512)}), Contains("4294967296"));
    CHECK_THAT(fault_of({data_in(1, 0, 8192), data_in(1, 0, 4)}), Contains("8196 in all"));
    CHECK_THAT(fault_of({data_in(1, 0, 4, flag::final | flag::has_status), data_in(1, 4, 4)}),
               Contains("asked for none")); // It had ended.
    CHECK_THAT(fault_of({answer(Opcode::scsi_response, 1), data_in(1, 4, 4)}),
               Contains("asked for none"));
    CHECK_THAT(fault_of({asks_for(2, 0, 0xFFFFFE00)}), Contains("asks for 4294966784 bytes"));
    CHECK_THAT(fault_of({asks_for(2, 8192, 1)}), Contains("which has 8192"));
    CHECK_THAT(fault_of({asks_for(2, 0, 0)}), Contains("asks for 0 bytes"));
    CHECK_THAT(fault_of({asks_for(2, 0, 8192), asks_for(2, 0, 8192)}), Contains("16384 in all"));
    CHECK_THAT(fault_of({asks_for(1, 0, 512)}), Contains("none to give"));
    CHECK_THAT(fault_of({asks_for(0xFFFFFFFF, 0, 512)}), Contains("none to give"));
    CHECK_THAT(fault_of({answer(Opcode::nop_in, 1, 262'148)}), Contains("262148 bytes"));
    CHECK_THAT(fault_of({answer(Opcode::login_request, 1)}), Contains("opcode 0x03"));
    CHECK_THAT(
        fault_of(std::vector<Stream>(30, answer(Opcode::nop_in, 0xFFFFFFFF)), {.unasked_max = 20}),
        Contains("21 messages"));
    CHECK_THAT(fault_of(std::vector<Stream>(30, data_in(1, 0, 0)), {.unasked_max = 20}),
               Contains("21 empty pieces"));
    PduWatch early({});
    Stream huge;
    put(huge, make_header(Opcode::login_response, 0, 0), 70'000);
    CHECK_FALSE(early.received(huge));
}

TEST_CASE("no kind of message that answers nothing comes without end", "[iscsi]") {
    for (const Opcode opcode : {Opcode::nop_in,
                                Opcode::scsi_response, // Of a command that nobody sent.
                                Opcode::async_message,
                                Opcode::reject,
                                Opcode::text_response,
                                Opcode::task_management_response,
                                Opcode::logout_response}) {
        CAPTURE(opcode);
        const std::vector<Stream> flood(21, answer(opcode, 9));
        CHECK_THAT(fault_of(flood, {.unasked_max = 20}), Catch::Contains("21 messages in a row"));
        std::vector<Stream> few(20, answer(opcode, 9));
        few.push_back(answer(Opcode::scsi_response, 3)); // Answers a command.
        few.insert(few.end(), 20, answer(opcode, 9));
        CHECK(fault_of(few, {.unasked_max = 20}).empty());
    }
    PduWatch early({.unasked_max = 20});
    for (int i = 0; i < 20; ++i) {
        REQUIRE(early.received(answer(Opcode::login_response, 0)));
    }
    CHECK_FALSE(early.received(answer(Opcode::login_response, 0)));
}

TEST_CASE("requests for a byte each are few at a time, however small", "[iscsi]") {
    PduWatch watch = after_login({.open_requests_max = 3});
    std::uint32_t at = 0;
    for (; at < 1000; ++at) { // One after the other, each answered: slow, and honest.
        REQUIRE(watch.received(asks_for(2, at, 1)));
        watch.sent(data_out(2, 0xFFFF'FFFF, 1)); // Unsolicited: answers none.
        watch.sent(data_out(2, 5, 1));
    }
    CHECK(watch.received(asks_for(2, at, 1)));
    CHECK(watch.received(asks_for(2, at + 1, 1)));
    CHECK(watch.received(asks_for(2, at + 2, 1)));
    CHECK_FALSE(watch.received(asks_for(2, at + 3, 1)));
    CHECK_THAT(watch.fault(), Catch::Contains("4 times at once"));
}

TEST_CASE("header digests are stepped over from the end of the login on", "[iscsi]") {
    PduWatch watch({.header_digest = true});
    REQUIRE(watch.received(login_end()));
    Stream out;
    BasicHeader header = make_header(Opcode::scsi_command, flag::final | flag::read, 5);
    header.set(Word::expected_transfer_bytes, 512);
    put(out, header, 0, true);
    put(out, header, 0, true);
    watch.sent(out);
    Stream in;
    put(in, make_header(Opcode::data_in, 0, 5), 512, true);
    put(in, make_header(Opcode::scsi_response, flag::final, 5), 0, true);
    CHECK(watch.received(in));
    CHECK(watch.fault().empty());
}

namespace {

// A login request or response: stages as RFC 7143 11.12.3 numbers them, and texts.
Stream login(Opcode opcode, unsigned flags, std::string_view texts, std::uint32_t tag = 7) {
    Stream out;
    put(out, make_header(opcode, static_cast<std::uint8_t>(flags), tag), texts.size());
    std::transform(texts.begin(),
                   texts.end(),
                   out.begin() + drivers::wire::iscsi::header_bytes,
                   [](char letter) { return static_cast<std::byte>(letter); });
    return out;
}

constexpr unsigned to_operational = 0x81; // From the security stage.
constexpr unsigned to_the_end = 0x87;     // From the operational stage.
constexpr std::string_view response("CHAP_N=host\0CHAP_R=0x00\0", 24);
constexpr std::string_view offer("InitiatorName=CHAP_R=\0AuthMethod=CHAP,None\0", 44);

struct Step {
    bool ours = false;
    unsigned flags = 0;
    std::string_view texts{};
    std::uint32_t tag = 7;
};

bool goes_through_chap(const std::vector<Step>& steps) {
    PduWatch watch({});
    for (const Step& step : steps) {
        if (step.ours) {
            watch.sent(login(Opcode::login_request, step.flags, step.texts, step.tag));
        } else {
            REQUIRE(
                watch.received(login(Opcode::login_response, step.flags, step.texts, step.tag)));
        }
    }
    return watch.went_through_chap();
}

} // namespace

TEST_CASE("a login went through CHAP only by an answer to this end's response", "[iscsi]") {
    const Step offers{true, to_operational, offer};
    const Step responds{true, to_operational, response};
    const Step goes_on{true, to_the_end, "MaxConnections=1"};
    CHECK(goes_through_chap({offers,
                             {false, 0, "AuthMethod=CHAP"},
                             {true, 1, "CHAP_A=5"},
                             {false, 0, "CHAP_C=0x00"},
                             responds,
                             {false, to_operational},
                             goes_on,
                             {false, to_the_end}}));
    // It lets anybody in.
    CHECK_FALSE(goes_through_chap(
        {offers, {false, to_operational, "AuthMethod=None"}, goes_on, {false, to_the_end}}));
    // It says that it asked, and did not; a name that holds the key is no response.
    CHECK_FALSE(goes_through_chap(
        {offers, {false, to_operational, "AuthMethod=CHAP"}, goes_on, {false, to_the_end}}));
    // It answers the first request as if it belonged to the next stage.
    CHECK_FALSE(goes_through_chap({offers, {false, to_the_end, "AuthMethod=CHAP"}}));
    CHECK_FALSE(
        goes_through_chap({offers, {false, 0, "AuthMethod=CHAP"}, responds, {false, to_the_end}}));
    // An answer that libiscsi passes over, then the next stage's.
    CHECK_FALSE(goes_through_chap({offers,
                                   {false, 0, "AuthMethod=CHAP"},
                                   responds,
                                   {false, to_operational, "", 8},
                                   {false, to_the_end}}));
    // Once it has gone through, it answers the next stage as if it were still in the one before.
    CHECK_FALSE(goes_through_chap({offers,
                                   {false, 0, "AuthMethod=CHAP"},
                                   responds,
                                   {false, to_operational},
                                   goes_on,
                                   {false, to_operational}}));
    // It goes on before the response was sent.
    CHECK_FALSE(goes_through_chap({offers,
                                   {false, to_operational, "AuthMethod=CHAP"},
                                   responds,
                                   {false, to_operational},
                                   {true, 1, "CHAP_A=5"},
                                   {false, to_operational}}));
}

TEST_CASE("an array's proof is judged by the answer to this end's response alone", "[iscsi]") {
    PduWatch watch({});
    const auto hear = [&watch](unsigned flags, std::uint8_t status_class = 0) {
        Stream answer = login(Opcode::login_response, flags, "");
        answer[36] = std::byte{status_class};
        REQUIRE(watch.received(answer));
        return watch.was_response_taken();
    };
    watch.sent(login(Opcode::login_request, to_operational, offer));
    CHECK_FALSE(hear(0)); // Nothing was proven yet, and nothing asked for.
    watch.sent(login(Opcode::login_request, to_operational, response));
    CHECK_FALSE(hear(to_operational, 2)); // It refuses this end.
    CHECK(hear(to_operational));
    watch.sent(login(Opcode::login_request, to_the_end, "MaxConnections=1"));
    CHECK_FALSE(hear(to_the_end, 3)); // Its proof was accepted: this is another trouble.
}

TEST_CASE("the table of tasks agrees with a map, whatever comes and goes", "[iscsi]") {
    TaskTable table;
    std::map<std::uint32_t, std::uint32_t> model;
    std::mt19937 random(7);
    std::uint32_t next = 0xFFFFFF00U; // Round the end of the numbers.
    for (int i = 0; i < 200'000; ++i) {
        const auto near = static_cast<std::uint32_t>(next - random() % 700);
        if (random() % 2 == 0) {
            table.put({.tag = next, .bytes = next * 3});
            model[next] = next * 3;
            ++next;
        } else {
            table.erase(near);
            model.erase(near);
        }
        const auto known = model.find(near);
        const TaskTable::Task* found = table.find(near);
        REQUIRE((found != nullptr) == (known != model.end()));
        REQUIRE((found == nullptr || found->bytes == known->second));
    }
}
