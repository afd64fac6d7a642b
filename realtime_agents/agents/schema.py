"""The schema of scenario and agent files, one row per key.

`agent_configs/README.md` documents every row; a test compares the two.
"""

from __future__ import annotations

from realtime_agents.yaml_source import Key

COLORS = ("slate", "blue", "green", "purple", "orange", "teal")

SCENARIO_KEYS: tuple[Key, ...] = (
    Key("title", "line", "What people see in the scenario switcher.", required=True),
    Key("description", "text", "One or two sentences about what the scenario is for.", required=True),
    Key("start", "name", "The agent that opens a call.", required=True),
    Key(
        "agents",
        "names",
        "Order in which the page shows the agents.",
        default="files not listed follow in alphabetical order",
    ),
)

AGENT_KEYS: tuple[Key, ...] = (
    Key("name", "name", "If present it must be the file's name without .yaml.", default="the file's name"),
    Key("title", "line", "What people see, and who the agent says it is.", required=True),
    Key(
        "description",
        "text",
        "What it is for, naming its topics in plain words: questions are routed by it.",
        required=True,
    ),
    Key("instructions", "text", "How it should answer, beside the rules all agents share.", required=True),
    Key("color", f"choice:{'|'.join(COLORS)}", "Colour of its ring on the page.", default="slate"),
    Key("voice", "name", "Voice of the Realtime server.", default="marin"),
    Key("language", "line", "Language it begins in, as a tag such as en or es-US.", default="en"),
    Key("greeting", "text", "Shown above an empty conversation.", default="the scenario's description"),
    Key("suggestions", "lines", "Questions offered while the conversation is empty.", default="none"),
    Key("knowledge", "names", "Collections it searches, beside those no agent names.", default="none"),
    Key("tools", "names", "Tools it may call.", default="none"),
    Key("handoffs", "names", "Agents it may hand the conversation to.", default="none"),
    Key(
        "turn_detection",
        "mapping",
        "When the server decides that the person has finished.",
        default="the server's own",
    ),
    Key("max_output_tokens", "whole", "Longest answer, 1 to 4096, tool calls included.", default="no limit"),
)

TURN_DETECTION_KEYS: dict[str, tuple[Key, ...]] = {
    "server_vad": (
        Key(
            "type",
            "choice:server_vad|semantic_vad",
            "Silence (server_vad) or meaning (semantic_vad).",
            required=True,
        ),
        Key("threshold", "number", "How loud speech must be, 0 to 1.", default="0.5"),
        Key("prefix_padding_ms", "whole", "Audio kept from before speech began, in ms.", default="300"),
        Key("silence_duration_ms", "whole", "Silence that ends a turn, in ms.", default="500"),
        Key("create_response", "yes_no", "Answer as soon as a turn ends.", default="true"),
        Key("interrupt_response", "yes_no", "Speech stops an answer that is being spoken.", default="true"),
        Key(
            "idle_timeout_ms",
            "whole",
            "Silence after which the agent speaks by itself, in ms.",
            default="never",
        ),
    ),
    "semantic_vad": (
        Key(
            "type",
            "choice:server_vad|semantic_vad",
            "Silence (server_vad) or meaning (semantic_vad).",
            required=True,
        ),
        Key(
            "eagerness", "choice:low|medium|high|auto", "How soon a turn counts as finished.", default="auto"
        ),
        Key("create_response", "yes_no", "Answer as soon as a turn ends.", default="true"),
        Key("interrupt_response", "yes_no", "Speech stops an answer that is being spoken.", default="true"),
    ),
}
"""Fields of the Realtime API's ``turn_detection``, by its ``type``."""
