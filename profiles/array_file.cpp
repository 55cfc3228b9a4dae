// SPDX-License-Identifier: Apache-2.0
#include "profiles/array_file.h"

#include "profiles/emulated_array_file.h"
#include "profiles/strict_json.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace profiles {

namespace {

// SPC-5 6.7.2: the fields of an INQUIRY have room for so much and no more.
std::string field(JsonObject& object, const char* key, std::size_t length_max) {
    const JsonValue value = object.required(key);
    const std::string text = value.text();
    bool printable = true;
    for (const char letter : text) {
        printable = printable && letter >= 0x20 && letter < 0x7F;
    }
    if (text.empty() || text.size() > length_max || !printable) {
        value.fail(fmt::format("1 to {} printable ASCII characters", length_max));
    }
    return text;
}

IdentityDescription read_identity(JsonObject object) {
    IdentityDescription out;
    out.vendor = field(object, "vendor", 8);
    out.product = field(object, "product", 16);
    out.revision = field(object, "revision", 4);
    out.serial = field(object, "serial", 32);
    if (const auto model = object.optional("nvme_model")) {
        out.nvme_model = model->text();
        if (out.nvme_model.size() > 40) { // NVMe Base 5.17.2.1, bytes 63:24
            model->fail("at most 40 characters");
        }
    }
    if (const auto generation = object.optional("generation")) {
        out.generation = generation->text();
    }
    object.finish();
    return out;
}

// As if_nametoindex(3) takes it.
std::string interface_name(const JsonValue& value) {
    const std::string text = value.text();
    if (text.empty() || text.size() > 15 || text.find('/') != std::string::npos) {
        value.fail("the name of an interface of this host");
    }
    return text;
}

std::array<std::uint8_t, 6> ethernet_address(const JsonValue& value) {
    const std::string text = value.text();
    std::array<std::uint8_t, 6> out{};
    constexpr std::size_t letters = 3; // Two digits and what parts them.
    bool is_good = text.size() == out.size() * letters - 1;
    for (std::size_t i = 0; is_good && i < out.size(); ++i) {
        const char* at = text.data() + i * letters;
        is_good = std::from_chars(at, at + 2, out[i], 16).ptr == at + 2 &&
                  (i + 1 == out.size() || at[2] == ':');
    }
    if (!is_good) {
        value.fail("an Ethernet address, like \"24:a9:37:00:00:01\"");
    }
    return out;
}

PortDescription read_port(JsonObject object) {
    PortDescription out;
    out.name = field(object, "name", 64);
    out.kind =
        object.required("kind").choice<std::string>({{"data", "data"},
                                                     {"management", "management"},
                                                     {"service processor", "service processor"},
                                                     {"FC", "FC"}});
    if (const auto watched = object.optional("watched_by")) {
        out.watched_by = watched->text();
    }
    const auto from = object.optional("markers_from");
    if (from) {
        out.markers_from = interface_name(*from);
        if (out.watched_by.empty()) {
            from->fail("a port that is \"watched_by\" an interface");
        }
    }
    if (const auto to = object.optional("markers_to")) {
        if (!from) {
            to->fail("beside \"markers_from\"");
        }
        out.markers_to = ethernet_address(*to);
    }
    object.finish();
    return out;
}

// What a tap's own interface sends it sees itself, whatever the mirror loses.
void check_marker_senders(const ArrayDescription& array, const std::vector<JsonValue>& ports) {
    for (std::size_t i = 0; i < array.ports.size(); ++i) {
        const std::string& from = array.ports[i].markers_from;
        if (from.empty()) {
            continue;
        }
        if (array.emulated) {
            ports[i].fail("no \"markers_from\": the laboratory of an emulated array has its own");
        }
        for (const PortDescription& other : array.ports) {
            if (other.watched_by == from) {
                ports[i].fail(fmt::format(
                    "\"markers_from\" another interface than \"{}\", which watches a port", from));
            }
        }
    }
}

Hook read_hook(JsonObject object) {
    Hook out;
    const JsonValue command = object.required("command");
    for (const JsonValue& word : command.items()) {
        out.command.push_back(word.text());
    }
    if (out.command.empty() || out.command[0].empty()) {
        command.fail("a program and its arguments");
    }
    out.time_limit = object.required("time_limit")
                         .duration(std::chrono::milliseconds(1), std::chrono::hours(24));
    object.finish();
    return out;
}

RealArrayDescription read_real(JsonObject section, const ArrayDescription& array) {
    RealArrayDescription out;
    const JsonValue urls = section.required("urls");
    for (const JsonValue& url : urls.items()) {
        out.urls.push_back(url.text());
        if (out.urls.back().starts_with("nvme") && speaks_no_nvme(array)) {
            url.fail(no_nvme_reason);
        }
        if (out.urls.back().find('@') != std::string::npos) {
            url.fail("a URL without user or secret: these belong under \"chap\"");
        }
    }
    if (out.urls.empty() || out.urls.size() > 64) {
        urls.fail("1 to 64 URLs, one per path to the LUN");
    }
    if (const auto id = section.optional("unique_id")) {
        out.unique_id = id->text();
    }
    if (const auto cache = section.optional("cache")) {
        out.cache_bytes = cache->size_bytes(1, 1ULL << 53U);
    }
    if (const auto chap = section.optional("chap")) {
        out.chap = read_chap(chap->object());
    }
    if (const auto digest = section.optional("header_digest")) {
        out.header_digest = digest->flag();
    }
    if (const auto digest = section.optional("data_digest")) {
        out.data_digest = digest->flag();
        const bool nvme_only =
            std::all_of(out.urls.begin(), out.urls.end(), [](const std::string& url) {
                return url.starts_with("nvme+tcp:");
            });
        if (out.data_digest && !nvme_only) {
            digest->fail("false: only NVMe/TCP has data digests here");
        }
    }
    if (const auto hooks = section.optional("hooks")) {
        for (const auto& [event, hook] : hooks->object().members()) {
            out.hooks[event] = read_hook(hook.object());
        }
    }
    if (const auto prompts = section.optional("prompts")) {
        for (const auto& [event, prompt] : prompts->object().members()) {
            out.prompts[event] = prompt.text();
        }
    }
    section.finish();
    return out;
}

std::map<std::string, std::string> read_settings(JsonObject object) {
    std::map<std::string, std::string> out;
    for (const auto& [name, value] : object.members()) {
        out[name] = value.is_text() ? value.text() : value.dump();
    }
    return out;
}

PriceDescription read_price(JsonObject object) {
    PriceDescription out;
    out.amount = object.required("amount").number(0, 1e12);
    const JsonValue currency = object.required("currency");
    out.currency = currency.text();
    if (out.currency.size() != 3) {
        currency.fail("an ISO 4217 code, like \"EUR\"");
    }
    object.finish();
    return out;
}

void read_surroundings(JsonObject& root, ArrayDescription& out) {
    if (const auto ports = root.optional("ports")) {
        const auto items = ports->items();
        for (const JsonValue& port : items) {
            out.ports.push_back(read_port(port.object()));
        }
        check_marker_senders(out, items);
    }
    if (const auto settings = root.optional("host_settings")) {
        out.host_settings = read_settings(settings->object());
    }
    if (const auto policy = root.optional("egress_policy")) {
        out.egress_policy = policy->text();
    }
    if (const auto price = root.optional("price")) {
        out.price = read_price(price->object());
    }
}

ArrayDescription read_document(const JsonDocument& document, const std::string& file) {
    JsonObject root = document.root_object(array_schema);
    ArrayDescription out;
    out.file = file;
    if (const auto purpose = root.optional("purpose")) {
        out.purpose = purpose->text();
    }
    out.name = field(root, "name", 64);
    const auto emulated = root.optional("emulated");
    const auto real = root.optional("real");
    if (emulated.has_value() == real.has_value()) {
        document.root().fail("either \"emulated\" or \"real\", and not both");
    }
    if (emulated) {
        out.identity = read_identity(root.required("identity").object());
        out.emulated = read_emulated(emulated->object(), out);
    } else {
        if (const auto identity = root.optional("identity")) {
            out.identity = read_identity(identity->object());
        }
        out.real = read_real(real->object(), out);
    }
    read_surroundings(root, out);
    root.finish();
    return out;
}

} // namespace

ArrayDescription read_array(const std::string& path, const FilePlace& place) {
    return read_document(JsonDocument::read_file(path, place), path);
}

ArrayDescription parse_array(std::string_view text, const std::string& name) {
    return read_document(JsonDocument::parse(text, name), name);
}

} // namespace profiles
