import {
    ReferenceField,
    referenceField,
} from "@web/views/fields/reference/reference_field";
import {registry} from "@web/core/registry";

/**
 * What a mapping line stands for. The mapping says of which kind it is
 * (`target_model`), so nobody has to choose that.
 */
export class MappingTargetField extends ReferenceField {
    get hideModelSelector() {
        return true;
    }

    getRelation() {
        return this.props.record.data.target_model || super.getRelation();
    }
}

registry.category("fields").add("finance_mapping_target", {
    ...referenceField,
    component: MappingTargetField,
});
