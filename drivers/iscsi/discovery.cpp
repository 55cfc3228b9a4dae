// SPDX-License-Identifier: Apache-2.0
#include "drivers/iscsi/discovery.h"

#include "drivers/api/errors.h"
#include "drivers/iscsi/discovery_login.h"
#include "drivers/iscsi/text_link.h"
#include "drivers/wire/iscsi_text.h"

#include <fmt/format.h>

namespace drivers::iscsi {

namespace {

namespace pdu = wire::iscsi;

constexpr std::size_t answer_bytes_max = std::size_t{16} << 20U;
constexpr std::size_t pieces_max = 16384;
constexpr std::uint32_t text_tag = 2;

// Answers what the array asks in between (RFC 7143 11.18 and 11.19).
bool is_aside(TextLink& link, const TextPdu& heard, const TextNumbers& numbers) {
    if (heard.header.opcode() != pdu::Opcode::nop_in || heard.header.task_tag() != pdu::no_tag) {
        return heard.header.opcode() == pdu::Opcode::async_message;
    }
    const std::uint32_t their_tag = heard.header.get(pdu::Word::target_transfer_tag);
    if (their_tag != pdu::no_tag) {
        pdu::BasicHeader answer =
            pdu::make_header(pdu::Opcode::nop_out, pdu::flag::final, pdu::no_tag);
        answer.set_byte(0, 0x40); // Immediate.
        answer.set_lun(heard.header.lun());
        answer.set(pdu::Word::target_transfer_tag, their_tag);
        answer.set(pdu::Word::cmd_sn, numbers.command);
        answer.set(pdu::Word::exp_stat_sn, numbers.expected_status);
        link.send(answer, heard.text);
    }
    return true;
}

// All of the answer to SendTargets. A piece that is not the last one (C bit, or F bit unset) is
// answered by an empty text request that bears its tag (RFC 7143 6.2 and 11.10).
std::string send_targets(TextLink& link, TextNumbers& numbers) {
    std::string question;
    pdu::append_text(question, "SendTargets", "All");
    std::string out;
    std::uint32_t their_tag = pdu::no_tag;
    for (std::size_t piece = 0; piece < pieces_max; ++piece) {
        pdu::BasicHeader request =
            pdu::make_header(pdu::Opcode::text_request, pdu::flag::final, text_tag);
        request.set(pdu::Word::target_transfer_tag, their_tag);
        request.set(pdu::Word::cmd_sn, numbers.command++);
        request.set(pdu::Word::exp_stat_sn, numbers.expected_status);
        link.send(request, question);
        question.clear();
        TextPdu answer = link.receive();
        while (is_aside(link, answer, numbers)) {
            answer = link.receive();
        }
        if (answer.header.opcode() != pdu::Opcode::text_response ||
            answer.header.task_tag() != text_tag) {
            throw ArrayError("SendTargets is answered by something else");
        }
        numbers.expected_status = answer.header.get(pdu::Word::stat_sn) + 1;
        their_tag = answer.header.get(pdu::Word::target_transfer_tag);
        out += answer.text;
        const bool is_last =
            answer.header.has(pdu::flag::final) && !answer.header.has(pdu::flag::text_continue);
        if (is_last) {
            return out;
        }
        if (out.size() > answer_bytes_max) {
            break;
        }
    }
    throw ArrayError("SendTargets: an answer without end");
}

void log_out(TextLink& link, const TextNumbers& numbers) {
    pdu::BasicHeader request = pdu::make_header(pdu::Opcode::logout_request, pdu::flag::final, 3);
    request.set_byte(0, static_cast<std::uint8_t>(pdu::Opcode::logout_request) | 0x40U);
    request.set(pdu::Word::cmd_sn, numbers.command);
    request.set(pdu::Word::exp_stat_sn, numbers.expected_status);
    link.send(request, "");
}

TextPairs targets_in(const std::string& text, const std::string& asked) {
    pdu::TextLimits limits;
    limits.pairs = answer_bytes_max / 16;
    const auto pairs = pdu::parse_text(std::as_bytes(std::span(text)), limits);
    if (!pairs) {
        throw ArrayError("SendTargets: a text against the rules");
    }
    TextPairs out;
    std::string target;
    bool has_address = true;
    const auto end_target = [&] { // Without an address it is where it was asked for.
        if (!has_address) {
            out.emplace_back(target, asked + ",1");
        }
    };
    for (const pdu::TextPair& pair : *pairs) {
        if (pair.key == "TargetName") {
            end_target();
            target = pair.value;
            has_address = false;
        } else if (pair.key == "TargetAddress" && !target.empty()) {
            out.emplace_back(target, std::string(pair.value));
            has_address = true;
        }
    }
    end_target();
    return out;
}

} // namespace

TextPairs discover(const SessionSettings& settings, const Clock& clock, Duration at_most) {
    Destination destination(settings.portal);
    const TimePoint deadline = clock.now() + at_most;
    try {
        while (true) {
            TextLink link(destination.now(), clock, deadline);
            TextNumbers numbers;
            if (const auto redirect = log_in_for_discovery(link, settings, numbers)) {
                if (!destination.follow(*redirect)) {
                    throw ArrayError("redirected in circles");
                }
                continue;
            }
            const std::string text = send_targets(link, numbers);
            log_out(link, numbers);
            return targets_in(text, destination.now());
        }
    } catch (const ArrayError& error) {
        const std::string via =
            destination.now() == settings.portal ? "" : " (sent on to " + destination.now() + ")";
        throw ArrayError(fmt::format("iSCSI portal {}{}: {}", settings.portal, via, error.what()));
    }
}

} // namespace drivers::iscsi
