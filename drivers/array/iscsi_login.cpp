// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/iscsi_login.h"

#include "drivers/array/iscsi_negotiation.h"

#include <algorithm>
#include <utility>

namespace drivers::array {

using wire::iscsi::append_text;
using wire::iscsi::BasicHeader;
using wire::iscsi::TextPair;
namespace flag = wire::iscsi::flag;

namespace {

constexpr std::uint8_t security_stage = 0;
constexpr std::uint8_t operational_stage = 1;
constexpr std::uint8_t full_feature_stage = 3;
constexpr std::size_t name_bytes_max = 223; // RFC 7143 section 4.2.7.2
constexpr std::size_t challenge_bytes_max = 1024;

std::uint8_t current_stage(const BasicHeader& header) noexcept {
    return header.flags() >> 2U & 0x3U;
}
std::uint8_t next_stage(const BasicHeader& header) noexcept {
    return header.flags() & 0x3U;
}

std::optional<std::string_view> value_of(const std::vector<TextPair>& pairs, std::string_view key) {
    const auto found = std::find_if(
        pairs.begin(), pairs.end(), [key](const TextPair& pair) { return pair.key == key; });
    return found == pairs.end() ? std::nullopt : std::optional(found->value);
}

bool is_known_security_key(std::string_view key) noexcept {
    return key == "AuthMethod" || key.substr(0, 5) == "CHAP_" || is_declaration(key);
}

} // namespace

LoginAnswer Login::refuse(const BasicHeader& request, LoginStatus status) {
    LoginAnswer answer;
    answer.status = status;
    answer.header =
        wire::iscsi::make_header(wire::iscsi::Opcode::login_response, 0, request.task_tag());
    std::copy_n(request.bytes.begin() + 8, 8, answer.header.bytes.begin() + 8); // ISID, TSIH
    wire::store_be16(answer.header.bytes, 36, static_cast<std::uint16_t>(status));
    return answer;
}

LoginStatus Login::check(const BasicHeader& request) noexcept {
    const bool transits = request.has(flag::final);
    const std::uint8_t stage = current_stage(request);
    const std::uint64_t isid = wire::load_be<6>(request.bytes, 8);
    if (++requests_ > iscsi_limit::login_pdus || stage == 2 || stage == full_feature_stage ||
        (transits && (next_stage(request) <= stage || next_stage(request) == 2)) ||
        (transits && request.has(flag::text_continue))) {
        return LoginStatus::initiator_error;
    }
    if (request.byte(3) != 0) { // VersionMin: this end speaks version 0 alone.
        return LoginStatus::unsupported_version;
    }
    if (!has_begun_) {
        has_begun_ = true;
        stage_ = stage;
        parameters_.isid = isid;
        parameters_.tsih = wire::load_be16(request.bytes, 14);
        parameters_.connection_id = wire::load_be16(request.bytes, 20);
    }
    const bool same = stage == stage_ && isid == parameters_.isid &&
                      wire::load_be16(request.bytes, 14) == parameters_.tsih;
    return same ? LoginStatus::success : LoginStatus::initiator_error;
}

LoginStatus Login::declare(const std::vector<TextPair>& pairs) {
    if (const auto type = value_of(pairs, "SessionType")) {
        if (*type != "Normal" && *type != "Discovery") {
            return LoginStatus::session_type_unsupported;
        }
        parameters_.is_discovery = *type == "Discovery";
    }
    if (const auto name = value_of(pairs, "InitiatorName")) {
        parameters_.initiator_name = *name;
    }
    if (const auto name = value_of(pairs, "TargetName")) {
        parameters_.target_name = *name;
    }
    if (parameters_.initiator_name.empty() ||
        (!parameters_.is_discovery && parameters_.target_name.empty())) {
        return LoginStatus::missing_parameter;
    }
    if (parameters_.initiator_name.size() > name_bytes_max) {
        return LoginStatus::initiator_error;
    }
    if (!parameters_.is_discovery && parameters_.target_name != settings_.name) {
        return LoginStatus::not_found;
    }
    return LoginStatus::success;
}

LoginStatus Login::choose_method(std::string_view offered, std::string& answer) {
    if (needs_chap() && wire::iscsi::list_offers(offered, "CHAP")) {
        security_ = Security::method_chosen;
        append_text(answer, "AuthMethod", "CHAP");
        return LoginStatus::success;
    }
    if (!needs_chap() && wire::iscsi::list_offers(offered, "None")) {
        security_ = Security::proven;
        append_text(answer, "AuthMethod", "None");
        return LoginStatus::success;
    }
    return LoginStatus::authentication_failure;
}

LoginStatus Login::challenge(std::string_view offered, std::string& answer) {
    const auto algorithm = wire::iscsi::choose_chap_algorithm(offered);
    if (!algorithm) {
        return LoginStatus::authentication_failure;
    }
    algorithm_ = *algorithm;
    challenge_ = wire::iscsi::make_chap_challenge(algorithm_);
    security_ = Security::challenged;
    append_text(answer, "CHAP_A", std::to_string(static_cast<unsigned>(algorithm_)));
    append_text(answer, "CHAP_I", std::to_string(challenge_.identifier));
    append_text(answer, "CHAP_C", wire::iscsi::hex_binary(challenge_.bytes));
    return LoginStatus::success;
}

LoginStatus Login::prove(const std::vector<TextPair>& pairs, std::string& answer) {
    const auto user = value_of(pairs, "CHAP_N");
    const auto response = value_of(pairs, "CHAP_R");
    const auto bytes = response ? wire::iscsi::parse_binary(*response, 64) : std::nullopt;
    const auto expected = wire::iscsi::chap_response(algorithm_, challenge_, settings_.chap.secret);
    if (!user || !bytes || *user != settings_.chap.user ||
        !wire::iscsi::is_same_secretly(*bytes, expected)) {
        return LoginStatus::authentication_failure;
    }
    if (value_of(pairs, "CHAP_I") || value_of(pairs, "CHAP_C")) {
        const LoginStatus status = prove_ourselves(pairs, answer);
        if (status != LoginStatus::success) {
            return status;
        }
    }
    security_ = Security::proven;
    return LoginStatus::success;
}

LoginStatus Login::prove_ourselves(const std::vector<TextPair>& pairs, std::string& answer) {
    const auto identifier = wire::iscsi::parse_number(value_of(pairs, "CHAP_I").value_or(""));
    const auto bytes =
        wire::iscsi::parse_binary(value_of(pairs, "CHAP_C").value_or(""), challenge_bytes_max);
    if (settings_.chap.mutual_user.empty() || !identifier || *identifier > 255 || !bytes) {
        return LoginStatus::authentication_failure;
    }
    // Our own challenge played back would have us compute the initiator's answer.
    if (wire::iscsi::is_same_secretly(*bytes, challenge_.bytes)) {
        return LoginStatus::authentication_failure;
    }
    const wire::iscsi::ChapChallenge theirs{static_cast<std::uint8_t>(*identifier), *bytes};
    append_text(answer, "CHAP_N", settings_.chap.mutual_user);
    append_text(answer,
                "CHAP_R",
                wire::iscsi::hex_binary(
                    wire::iscsi::chap_response(algorithm_, theirs, settings_.chap.mutual_secret)));
    return LoginStatus::success;
}

LoginStatus Login::secure(const std::vector<TextPair>& pairs, std::string& answer) {
    const auto method = value_of(pairs, "AuthMethod");
    const auto algorithm = value_of(pairs, "CHAP_A");
    LoginStatus status = LoginStatus::success;
    if (method && security_ == Security::open) {
        status = choose_method(*method, answer);
    } else if (algorithm && security_ == Security::method_chosen) {
        status = challenge(*algorithm, answer);
    } else if (value_of(pairs, "CHAP_N") && security_ == Security::challenged) {
        status = prove(pairs, answer);
    } else if (method || algorithm || value_of(pairs, "CHAP_N")) {
        status = LoginStatus::authentication_failure; // Out of turn.
    }
    for (const TextPair& pair : pairs) {
        if (!is_known_security_key(pair.key)) {
            negotiate_key(pair, true, parameters_, answer);
        }
    }
    return status;
}

void Login::operate(const std::vector<TextPair>& pairs, std::string& answer) {
    for (const TextPair& pair : pairs) {
        if (!is_declaration(pair.key)) {
            negotiate_key(pair, true, parameters_, answer);
        }
    }
    parameters_.first_burst_bytes =
        std::min(parameters_.first_burst_bytes, parameters_.max_burst_bytes);
}

LoginAnswer Login::answer_to(const BasicHeader& request, std::string text) {
    LoginAnswer answer = refuse(request, LoginStatus::success);
    const bool is_secured =
        security_ == Security::proven || (security_ == Security::open && !needs_chap());
    const bool transits =
        request.has(flag::final) && (stage_ != security_stage || is_secured) && is_offer_complete_;
    auto flags = static_cast<std::uint8_t>(stage_ << 2U);
    if (transits) {
        flags |= static_cast<std::uint8_t>(flag::final | next_stage(request));
        stage_ = next_stage(request);
        answer.is_complete = stage_ == full_feature_stage;
    }
    const bool declares = !has_declared_ && is_offer_complete_ &&
                          (current_stage(request) == operational_stage || answer.is_complete);
    if (declares) {
        has_declared_ = true;
        append_text(text, "MaxRecvDataSegmentLength", std::to_string(iscsi_limit::segment_bytes));
    }
    answer.header.set_byte(1, flags);
    answer.text = std::move(text);
    return answer;
}

LoginAnswer Login::take(const BasicHeader& request, wire::Bytes data) {
    LoginStatus status = check(request);
    if (status != LoginStatus::success ||
        collected_.size() + data.size() > iscsi_limit::text_bytes) {
        return refuse(request,
                      status == LoginStatus::success ? LoginStatus::initiator_error : status);
    }
    collected_.append(reinterpret_cast<const char*>(data.data()), data.size());
    is_offer_complete_ = !request.has(flag::text_continue);
    if (!is_offer_complete_) {
        return answer_to(request, {});
    }
    const std::string text = std::exchange(collected_, {});
    const auto pairs = wire::iscsi::parse_text(std::as_bytes(std::span(text)));
    if (!pairs) {
        return refuse(request, LoginStatus::initiator_error);
    }
    std::string answer;
    if (parameters_.initiator_name.empty()) { // The first request has to say who asks for whom.
        status = declare(*pairs);
        if (status == LoginStatus::success && !parameters_.is_discovery) {
            append_text(answer, "TargetPortalGroupTag", std::to_string(settings_.group_tag));
        }
    }
    if (status == LoginStatus::success && stage_ == security_stage) {
        status = secure(*pairs, answer);
    } else if (status == LoginStatus::success) {
        if (needs_chap() && security_ != Security::proven) {
            status = LoginStatus::authentication_failure;
        } else {
            operate(*pairs, answer);
        }
    }
    return status == LoginStatus::success ? answer_to(request, std::move(answer))
                                          : refuse(request, status);
}

} // namespace drivers::array
