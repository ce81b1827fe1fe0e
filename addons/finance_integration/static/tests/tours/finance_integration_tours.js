import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

tours.add("finance_board_number_leads_to_its_list", {
    steps: () => [
        {
            content: "The card of the system says how it is",
            trigger:
                ".o_finance_board .o_kanban_record:contains(Proof):contains(Needs attention)",
        },
        {
            content: "Open what was posted today",
            trigger:
                ".o_finance_board .o_kanban_record:contains(Proof) a.o_finance_figure:contains(Posted)",
            run: "click",
        },
        {
            content: "The list has the posted payment and not the held one",
            trigger:
                ".o_list_view:has(.o_data_row:contains(txn_paid)):not(:has(.o_data_row:contains(txn_odd)))",
        },
        {
            content: "Go back",
            trigger: ".o_menu_sections .o_nav_entry:contains(Overview)",
            run: "click",
        },
        {
            content: "Open the exceptions",
            trigger:
                ".o_finance_board .o_kanban_record:contains(Proof) a.o_finance_figure:contains(Open exceptions)",
            run: "click",
        },
        {
            content: "The list says what is wrong",
            trigger: ".o_list_view .o_data_row:contains(odd_fee)",
        },
    ],
});

tours.add("finance_exception_leads_to_a_proposal", {
    steps: () => [
        {
            content: "Open the exception",
            trigger: ".o_list_view .o_data_row .o_data_cell:contains(odd_fee)",
            run: "click",
        },
        {
            content: "It says how much waits for what",
            trigger:
                ".o_form_view .o_field_widget[name=summary]:contains(2 documents):contains(odd_fee)",
        },
        {
            content: "The first of them are listed",
            trigger:
                ".o_form_view .o_field_widget[name=waiting_document_ids] .o_data_row:contains(txn_odd)",
        },
        {
            content: "The remedy has its button",
            trigger: ".o_form_view button.o_finance_remedy_add_mapping:visible",
            run: "click",
        },
        {
            content: "The missing value is filled in already",
            trigger: ".modal .o_field_widget[name=key] input:value(odd_fee)",
        },
        {
            content: "Choose the account it stands for",
            trigger: ".modal .o_field_widget[name=target] input",
            run: "edit Odd fees",
        },
        {
            trigger:
                ".o-autocomplete--dropdown-menu .o-autocomplete--dropdown-item:contains(Odd fees)",
            run: "click",
        },
        {
            content: "Propose it",
            trigger: ".modal button[name=action_submit]",
            run: "click",
        },
        {
            content: "The document waits until somebody else approves",
            trigger:
                "body:not(:has(.modal)) .o_form_view button[name=action_open_documents]",
        },
    ],
});

tours.add("finance_version_is_approved", {
    steps: () => [
        {
            content: "Open what waits for approval",
            trigger: ".o_list_view .o_data_row .o_data_cell:contains(odd_fee)",
            run: "click",
        },
        {
            content: "The proposed line is there and cannot be changed",
            trigger:
                ".o_form_view .o_field_widget[name=rule_ids].o_readonly_modifier .o_data_row:contains(odd_fee)",
        },
        {
            content: "Nobody has looked at what it would change: look",
            trigger:
                ".o_form_view:contains(Nobody has looked) button[name=action_preview]",
            run: "click",
        },
        {
            content: "At the last documents",
            trigger: ".modal button[name=action_start]",
            run: "click",
        },
        {
            content: "What waits would post, and nothing else would change",
            trigger:
                ".o_form_view .o_field_widget[name=summary]:contains(2 of 3 documents would change; 2 waiting documents would post; 0 would be held)",
        },
        {
            content: "The new account gets what it had not before",
            trigger:
                ".o_field_widget[name=total_ids] .o_data_row:contains(Odd fees):contains(2.00)",
        },
        {
            content: "Which document is it?",
            trigger: ".o_form_view .nav-link[name=documents]",
            run: "click",
        },
        {
            trigger:
                ".o_field_widget[name=glance_ids] .o_data_row .o_data_cell[name=after]:contains(Odd fees)",
            run: "click",
        },
        {
            content: "Before and after stand beside each other",
            trigger:
                ".modal:has(.o_field_widget[name=after]:contains(Odd fees)) .o_field_widget[name=before]:contains(odd_fee)",
        },
        {
            content: "On to the document",
            trigger: ".modal button[name=action_open_document]",
            run: "click",
        },
        {
            content: "and back",
            trigger:
                ".o_form_view:has(.o_field_widget[name=detail_html]) .breadcrumb-item a:contains(Impact of)",
            run: "click",
        },
        {
            content: "To the version",
            trigger: ".o_form_view button[name=action_open_version]",
            run: "click",
        },
        {
            content: "which says what its last preview found",
            trigger:
                ".o_form_view .alert:contains(Last preview):contains(2 of 3 documents would change)",
        },
        {
            content: "Approve it",
            trigger: ".o_form_view button[name=action_approve]",
            run: "click",
        },
        {
            trigger:
                ".o_form_view .o_arrow_button_current[data-value=approved], .o_form_view .o_statusbar_status button.o_arrow_button_current:contains(Approved)",
        },
    ],
});

tours.add("finance_entry_leads_to_its_origin", {
    steps: () => [
        {
            content: "From the journal entry",
            trigger: ".o_form_view button[name=action_open_finance_documents]",
            run: "click",
        },
        {
            content: "to the document, with its details in words",
            trigger:
                ".o_form_view .o_field_widget[name=detail_html]:contains(txn_paid)",
        },
        {
            content: "and the posting rule that made the entry",
            trigger: ".o_form_view .nav-link[name=proof]",
            run: "click",
        },
        {
            trigger:
                ".o_form_view .o_field_widget[name=rule_version_id]:contains(Payment v1)",
        },
        {
            content: "to the message it came with",
            trigger: ".o_form_view button[name=action_open_message]",
            run: "click",
        },
        {
            trigger: ".o_form_view .o_field_widget[name=identity]:contains(evt_paid)",
        },
    ],
});

tours.add("finance_exceptions_are_put_off_together", {
    steps: () => [
        {
            content: "Mark all that are open",
            trigger: ".o_list_view thead .o_list_record_selector input",
            run: "click",
        },
        {
            content: "They are mine now",
            trigger: ".o_control_panel button[name=action_take]",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:contains(Taker)",
        },
        {
            content: "Mark them again",
            trigger: ".o_list_view thead .o_list_record_selector input:not(:checked)",
            run: "click",
        },
        {
            trigger: ".o_control_panel button:contains(Put Off)",
            run: "click",
        },
        {
            content: "and say why",
            trigger: ".modal .o_field_widget[name=reason] input",
            run: "edit The bank is closed.",
        },
        {
            trigger: ".modal button[name=action_snooze]",
            run: "click",
        },
        {
            content: "Nothing is left in the list",
            trigger: "body:not(:has(.modal)) .o_view_nocontent",
        },
    ],
});
