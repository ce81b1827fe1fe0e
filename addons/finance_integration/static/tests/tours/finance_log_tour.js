import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("finance_log_seals", {
    steps: () => [
        {
            content: "ask whether the log is as it was written",
            trigger: ".o_control_panel button:contains('Verify the Log')",
            run: "click",
        },
        {
            content: "verify it",
            trigger: ".modal footer button[name='action_verify']",
            run: "click",
        },
        {
            content: "the answer is in plain words",
            trigger: ".modal .alert-success:contains('as they were written')",
        },
        {
            content: "close it",
            trigger: ".modal footer button:contains('Close')",
            run: "click",
        },
        {
            content: "nothing is left open",
            trigger: "body:not(:has(.modal))",
        },
    ],
});
