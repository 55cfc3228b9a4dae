// SPDX-License-Identifier: Apache-2.0
#include "drivers/iscsi/discovery_login.h"

#include "drivers/api/errors.h"
#include "drivers/wire/iscsi_chap.h"
#include "drivers/wire/iscsi_text.h"

#include <fmt/format.h>
#include <map>

namespace drivers::iscsi {

namespace {

namespace pdu = wire::iscsi;
using Keys = std::map<std::string, std::string>;

constexpr int rounds_max = 32;
constexpr unsigned security_stage = 0;
constexpr unsigned operational_stage = 1;
constexpr unsigned full_feature = 3;
constexpr std::uint8_t transit = 0x80;

const char* refusal_text(unsigned status) { // RFC 7143 11.13.5
    switch (status) {
    case 0x0201:
        return "authentication failure";
    case 0x0202:
        return "authorization failure";
    case 0x0203:
        return "target not found";
    case 0x0204:
        return "target removed";
    case 0x0206:
        return "too many connections";
    case 0x0209:
        return "no discovery sessions here";
    case 0x0301:
        return "service unavailable";
    case 0x0302:
        return "out of resources";
    default:
        return "refused";
    }
}

class Login {
public:
    Login(TextLink& link, const SessionSettings& settings, TextNumbers& numbers)
        : link_(link)
        , settings_(settings)
        , numbers_(numbers) {}

    std::optional<Redirect> run() {
        pdu::append_text(text_, "InitiatorName", settings_.initiator_name);
        pdu::append_text(text_, "SessionType", "Discovery");
        const bool proves = !settings_.chap.user.empty();
        pdu::append_text(text_, "AuthMethod", proves ? "CHAP" : "None");
        unsigned stage = security_stage;
        bool wants_on = !proves;
        for (int round = 0; round < rounds_max; ++round) {
            exchange(stage, wants_on);
            if (redirect_) {
                return redirect_;
            }
            const bool goes_on = (flags_ & transit) != 0;
            const unsigned next = flags_ & 0x3U;
            if (goes_on && stage == security_stage) {
                check_proofs();
            }
            if (goes_on && next == full_feature) {
                agree_on_digests();
                return std::nullopt;
            }
            if (goes_on && next == operational_stage && stage == security_stage) {
                stage = operational_stage;
                wants_on = true;
                offer();
            } else if (stage == security_stage && proves) {
                wants_on = prove();
            } else {
                wants_on = true;
            }
        }
        throw ArrayError("a login that does not end");
    }

private:
    void agree_on_digests() {
        const bool agreed = heard_["HeaderDigest"] == "CRC32C";
        if (settings_.header_digest && !agreed) {
            throw ArrayError("the array does not agree to header digests");
        }
        if (agreed) {
            link_.use_header_digests();
        }
    }

    void offer() {
        pdu::append_text(text_, "HeaderDigest", settings_.header_digest ? "CRC32C" : "None");
        pdu::append_text(text_, "DataDigest", "None");
        pdu::append_text(text_, "MaxRecvDataSegmentLength", "262144");
        pdu::append_text(text_, "DefaultTime2Wait", "2");
        pdu::append_text(text_, "DefaultTime2Retain", "0");
        pdu::append_text(text_, "ErrorRecoveryLevel", "0");
    }

    // Says text_, hears an answer of any number of pieces.
    void exchange(unsigned stage, bool wants_on) {
        const unsigned next = stage == security_stage ? operational_stage : full_feature;
        say(static_cast<std::uint8_t>(stage << 2U | (wants_on ? transit | next : 0U)));
        text_.clear();
        std::string answer;
        for (int piece = 0; piece < rounds_max; ++piece) {
            answer += hear();
            if (redirect_ || (flags_ & pdu::flag::text_continue) == 0) {
                break;
            }
            say(static_cast<std::uint8_t>(stage << 2U)); // Go on.
        }
        const auto pairs = pdu::parse_text(std::as_bytes(std::span(answer)));
        if (!pairs) {
            throw ArrayError("a login text against the rules");
        }
        for (const pdu::TextPair& pair : *pairs) {
            heard_[std::string(pair.key)] = pair.value;
        }
        if (redirect_ && redirect_->to.empty()) {
            const std::string& to = heard_["TargetAddress"];
            redirect_->to = to.substr(0, to.rfind(','));
            if (redirect_->to.empty()) {
                throw ArrayError("sent on without an address");
            }
        }
    }

    void say(std::uint8_t flags) {
        pdu::BasicHeader header = pdu::make_header(pdu::Opcode::login_request, flags, 1);
        header.set_byte(0, static_cast<std::uint8_t>(pdu::Opcode::login_request) | 0x40U);
        header.set_byte(1, flags);
        header.set_byte(8, 0x80); // ISID of the random kind (11.12.5).
        for (unsigned i = 0; i < 5; ++i) {
            header.set_byte(9 + i, settings_.initiator_session_id >> (32U - 8U * i) & 0xffU);
        }
        header.set(pdu::Word::cmd_sn, numbers_.command);
        header.set(pdu::Word::exp_stat_sn, numbers_.expected_status);
        link_.send(header, text_);
    }

    std::string hear() {
        TextPdu answer = link_.receive();
        if (answer.header.opcode() != pdu::Opcode::login_response) {
            throw ArrayError("not a login response");
        }
        flags_ = answer.header.flags();
        numbers_.expected_status = answer.header.get(pdu::Word::stat_sn) + 1;
        const unsigned status = answer.header.byte(36) * 256U + answer.header.byte(37);
        if (status == 0x0101 || status == 0x0102) {
            redirect_ = Redirect{"", status == 0x0102};
        } else if (status != 0) {
            throw ArrayError(
                fmt::format("login refused: {} (status {:04x})", refusal_text(status), status));
        }
        return std::move(answer.text);
    }

    // Says what CHAP wants next (RFC 7143 12.1.3). True: then it is over.
    bool prove() {
        if (heard_.count("CHAP_C") == 0) {
            if (heard_["AuthMethod"] != "CHAP") {
                throw ArrayError("the array does not agree to CHAP");
            }
            pdu::append_text(text_, "CHAP_A", "7,5"); // SHA-256, MD5
            return false;
        }
        algorithm_ = pdu::choose_chap_algorithm(heard_["CHAP_A"]);
        const auto identifier = pdu::parse_number(heard_["CHAP_I"]);
        const auto challenge = pdu::parse_binary(heard_["CHAP_C"], 1024);
        if (!algorithm_ || !identifier || *identifier > 255 || !challenge) {
            throw ArrayError("a CHAP challenge against the rules");
        }
        has_responded_ = true;
        pdu::append_text(text_, "CHAP_N", settings_.chap.user);
        pdu::append_text(
            text_,
            "CHAP_R",
            pdu::hex_binary(pdu::chap_response(*algorithm_,
                                               {static_cast<std::uint8_t>(*identifier), *challenge},
                                               settings_.chap.secret)));
        if (!settings_.mutual_chap.user.empty()) {
            ours_ = pdu::make_chap_challenge(*algorithm_);
            pdu::append_text(text_, "CHAP_I", std::to_string(ours_.identifier));
            pdu::append_text(text_, "CHAP_C", pdu::hex_binary(ours_.bytes));
        }
        return true;
    }

    // Before the security stage is left, wherever to: what was asked for has been done.
    void check_proofs() {
        if (settings_.chap.user.empty()) {
            return;
        }
        if (!has_responded_) {
            throw ArrayError("the array asks for no CHAP, though a user and a secret are named");
        }
        if (settings_.mutual_chap.user.empty()) {
            return;
        }
        const auto proof = pdu::parse_binary(heard_["CHAP_R"], 1024);
        const bool is_proven =
            !ours_.bytes.empty() && proof && heard_["CHAP_N"] == settings_.mutual_chap.user &&
            pdu::is_same_secretly(
                *proof, pdu::chap_response(*algorithm_, ours_, settings_.mutual_chap.secret));
        if (!is_proven) {
            throw ArrayError("the array does not prove itself by CHAP");
        }
    }

    TextLink& link_;
    const SessionSettings& settings_;
    TextNumbers& numbers_;
    std::string text_; // To be said next.
    Keys heard_;
    unsigned flags_ = 0;
    std::optional<Redirect> redirect_;
    std::optional<pdu::ChapAlgorithm> algorithm_;
    pdu::ChapChallenge ours_;
    bool has_responded_ = false; // To a challenge of the array.
};

} // namespace

std::optional<Redirect>
log_in_for_discovery(TextLink& link, const SessionSettings& settings, TextNumbers& numbers) {
    return Login(link, settings, numbers).run();
}

} // namespace drivers::iscsi
