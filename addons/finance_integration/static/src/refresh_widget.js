import {Component, onWillUnmount, xml} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";

const EVERY = 2000; // Milliseconds
const UNFINISHED = ["waiting", "running"];

/** Shows how something goes on in the background, until its state says it has ended. */
export class RefreshWidget extends Component {
    static template = xml`<t/>`;
    static props = {...standardWidgetProps};

    setup() {
        const timer = setInterval(() => this.refresh(), EVERY);
        onWillUnmount(() => clearInterval(timer));
    }

    async refresh() {
        const {record} = this.props;
        if (UNFINISHED.includes(record.data.state)) {
            await record.load();
        }
    }
}

registry.category("view_widgets").add("finance_refresh", {component: RefreshWidget});
